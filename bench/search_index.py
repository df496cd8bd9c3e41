"""Making jobs searchable by Elasticsearch, beside the same documents sent bare.

    python -m bench.search_index [--jobs 100000] [--kept] [bare] [pipeline]

Bare: documents that were made before, as dictionaries, by `helpers.streaming_bulk` of 500. Pipeline: `flask search rebuild`, from the rows of
PostgreSQL to an index that is searched, with the comparison of every version and the swap. With `--kept` the jobs of DATABASE_URL and the index of
ELASTICSEARCH_INDEX are used, which `flask demo load` and `flask search prepare` have made; both are left as true as they were.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from elasticsearch import helpers
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.core.unit_of_work import unit_of_work
from app.demo import load
from app.extensions import db
from app.jobs.models import Job
from app.search import choice, documents, rebuilding
from app.search.documents import Entry
from app.search.elastic import indices
from app.search.elastic.client import client
from app.search.elastic.contents import source
from bench.payment_system import LOGS, fresh_system
from config import load_settings

BATCH = 500


def main() -> None:
    parser = options(__doc__ or "", jobs=100_000)
    parser.add_argument("parts", nargs="*", choices=[[], "bare", "pipeline"])
    chosen = parser.parse_args()
    with board(chosen.jobs, is_kept=chosen.kept):
        jobs = db.session.scalar(select(func.count()).select_from(Job)) or 0
        db.session.rollback()
        rates: dict[str, float] = {}
        for part, measure in (("bare", measure_bare), ("pipeline", measure_pipeline)):
            if part in (chosen.parts or ("bare", "pipeline")):
                rates[part] = jobs / measure()
                print(f"{part:<9} {rates[part]:7.0f} documents/s of {jobs}", flush=True)
        if len(rates) == 2:
            print(f"ratio     {rates['pipeline'] / rates['bare']:7.2f} (at least 0.6 is asked for)", flush=True)


def options(description: str, *, jobs: int) -> argparse.ArgumentParser:
    """What every benchmark of indexing takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=jobs)
    parser.add_argument("--kept", action="store_true", help="use the database and the index as they are")
    return parser


@contextmanager
def board(jobs: int, *, is_kept: bool) -> Iterator[Flask]:
    """An application on a demo board of its own, or on the one that is there. The Redis of REDIS_URL is emptied."""
    if not is_kept:
        with _loaded(jobs) as app:
            yield app
        return
    os.environ.update(LOG_LEVEL="WARNING", REMAP_SIGTERM="SIGQUIT")
    settings = load_settings()
    redis.Redis.from_url(settings.redis_url).flushdb()
    LOGS.mkdir(exist_ok=True)
    app = create_app(settings)
    with app.app_context():
        yield app


@contextmanager
def _loaded(jobs: int) -> Iterator[Flask]:
    os.environ["ELASTICSEARCH_INDEX"] = f"bench-{os.getpid()}"
    with fresh_system() as (app, _):
        try:
            with unit_of_work():
                load.load(jobs)
            rebuilding.rebuild_index(choice.ELASTIC, lambda number: None)
            yield app
        finally:
            indices.drop(list(client().indices.get(index=f"{os.environ['ELASTICSEARCH_INDEX']}-*")))


def measure_bare() -> float:
    """Seconds for all documents, the refresh included; making them is not."""
    name = indices.create()
    took = 0.0
    client().indices.put_settings(index=name, settings={"index": {"refresh_interval": "30s"}})
    for batch in documents.read_batches(20 * BATCH):
        db.session.rollback()
        actions = [_action(name, entry) for entry in batch]
        began = time.monotonic()
        for _ in helpers.streaming_bulk(client().options(request_timeout=60), actions, chunk_size=BATCH):
            pass
        took += time.monotonic() - began
    began = time.monotonic()
    client().indices.refresh(index=name)
    took += time.monotonic() - began
    client().indices.delete(index=name)
    return took


def _action(name: str, entry: Entry) -> dict[str, object]:
    return {"_index": name, "_id": str(entry.job_id), "_source": source(entry)}


def measure_pipeline() -> float:
    """Seconds of a rebuild."""
    began = time.monotonic()
    rebuilding.rebuild_index(choice.ELASTIC, lambda number: None)
    return time.monotonic() - began


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
