"""Making jobs searchable by Elasticsearch, beside the same documents sent bare, and how long one change takes.

    python -m bench.search_index [jobs [changes]]

Bare: documents that were made before, as dictionaries, by `helpers.streaming_bulk` of 500. Pipeline: `flask search rebuild`, from the rows of
PostgreSQL to an index that is searched, with the comparison of every version and the swap. Lag: changes at 100 a second by 20 clients, from the
commit of each until a refreshed index has it, through outbox, relay and one worker of the search queue.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence

from elasticsearch import helpers
from sqlalchemy import select, update

from app.core.unit_of_work import unit_of_work
from app.demo import load
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import choice, documents, indexing, rebuilding
from app.search.documents import Entry
from app.search.drift import find_drift
from app.search.elastic import indices
from app.search.elastic.client import client
from app.search.elastic.contents import source
from bench.payment_system import fresh_system, process, wait_until

RATE, CLIENTS = 100, 20
BATCH = 500
WORKER = ("celery", "-A", "celery_worker", "worker", "-Q", "search", "-c", "1", "--without-mingle", "--without-gossip")
RELAY = ("flask", "--app", "wsgi", "outbox", "relay")


def main(jobs: int = 100_000, changes: int = 2000) -> None:
    os.environ["ELASTICSEARCH_INDEX"] = f"bench-{os.getpid()}"
    with fresh_system() as (app, _):
        try:
            with unit_of_work():
                load.load(jobs)
            bare = jobs / measure_bare()
            pipeline = jobs / measure_pipeline()
            print(f"bare      {bare:7.0f} documents/s (helpers.streaming_bulk, {jobs} documents that were made before)", flush=True)
            print(f"pipeline  {pipeline:7.0f} documents/s (rows to a checked and searched index)", flush=True)
            print(f"ratio     {pipeline / bare:7.2f}             (at least 0.6 is asked for)", flush=True)
            with process("relay", *RELAY), process("worker", *WORKER):
                time.sleep(12)
                lags = measure_lags(app, changes)
            print(f"lag       p50 {quantile(lags, 0.5):.2f} s, p99 {quantile(lags, 0.99):.2f} s ({len(lags)} changes at {RATE}/s)")
            print(f"drift     {len(find_drift(choice.ELASTIC).job_ids)} jobs")
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


def measure_lags(app: object, changes: int) -> list[float]:
    """Seconds from the commit of a change until a search of the index finds its version, for each."""
    ids = db.session.scalars(select(Job.id).where(Job.status == JobStatus.OPEN).order_by(Job.id).limit(changes)).all()
    db.session.rollback()
    committed: dict[int, tuple[int, float]] = {}
    seen: dict[int, float] = {}
    done = threading.Event()
    begins = time.monotonic() + 0.5

    def change(mine: Sequence[tuple[int, int]]) -> None:
        with app.app_context():  # type: ignore[attr-defined]
            for place, job_id in mine:
                time.sleep(max(0.0, begins + place / RATE - time.monotonic()))
                with unit_of_work():
                    raised = update(Job).where(Job.id == job_id).values(version=Job.version + 1).returning(Job.version)
                    version = db.session.scalars(raised).one()
                    indexing.job_changed(job_id)
                committed[job_id] = (version, time.monotonic())

    def watch() -> None:
        with app.app_context():  # type: ignore[attr-defined]
            while not done.is_set():
                waiting = [job_id for job_id in list(committed) if job_id not in seen]
                for job_id, version in _held(waiting):
                    if version >= committed[job_id][0]:
                        seen[job_id] = time.monotonic()
                done.wait(0.05)

    numbered = list(enumerate(ids))
    threads = [threading.Thread(target=change, args=(numbered[first::CLIENTS],)) for first in range(CLIENTS)]
    watcher = threading.Thread(target=watch)
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join()
    try:
        wait_until(lambda: len(seen) == len(ids), seconds=30)
    finally:
        done.set()
        watcher.join()
    return [seen[job_id] - committed[job_id][1] for job_id in ids]


def _held(job_ids: Sequence[int]) -> list[tuple[int, int]]:
    if not job_ids:
        return []
    answer = client().search(
        index=indices.family(), query={"terms": {"job_id": list(job_ids)}}, size=len(job_ids), source_includes=["job_id", "version"]
    )
    return [(hit["_source"]["job_id"], hit["_source"]["version"]) for hit in answer["hits"]["hits"]]


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
