"""How soon a change of a job is searchable by Elasticsearch, at 100 changes a second.

    python -m bench.search_lag [--jobs 20000] [--kept] [--changes 2000]

Each change is of another job, adds a sentence to its description, and is committed by one of 8 clients; the lag is from that commit until a search of
the index finds the new version, through outbox, relay and the worker of the search queue as `bin/serve` starts it, with both engines fed. For
`--kept` see `bench.search_index`.
"""

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, text

from app.core.outbox import Task
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import choice, indexing
from app.search.drift import find_drift
from app.search.elastic import indices
from app.search.elastic.client import client
from bench.payment_system import process, wait_until
from bench.search_index import board, options, quantile
from embedded.app_programs import WORKERS

RATE, CLIENTS = 100, 8
SETTLING = 12
WORKER = ("celery", "-A", "celery_worker", "worker", "-Q", "search", "-c", str(WORKERS["search"]), "--without-mingle", "--without-gossip")
RELAY = ("flask", "--app", "wsgi", "outbox", "relay")
SENTENCE = "\nCập nhật %s: ưu tiên ứng viên có thể đi làm ngay."
# As text, since making these changes must not take the time that they are to be worked off in.
CHANGE = text("UPDATE jobs SET version = version + 1, updated_at = now(), description = description || :sentence WHERE id = :job_id")


def main() -> None:
    parser = options(__doc__ or "", jobs=20_000)
    parser.add_argument("--changes", type=int, default=2000)
    chosen = parser.parse_args()
    with board(chosen.jobs, is_kept=chosen.kept) as app:
        with process("relay", *RELAY), process("worker", *WORKER):
            time.sleep(SETTLING)
            # The processes' first statements and first words are not what is measured.
            measure_lags(app, 5 * RATE)
            began, own, busy = time.monotonic(), time.process_time(), _busy_seconds()
            lags = measure_lags(app, chosen.changes)
            took, own, busy = time.monotonic() - began, time.process_time() - own, _busy_seconds() - busy
        print(f"Elasticsearch  p50 {quantile(lags, 0.5):.2f} s, p99 {quantile(lags, 0.99):.2f} s, longest {max(lags):.2f} s")
        for name, seconds in _until_done(chosen.changes).items():
            print(f"{name:<21}  task done p50 {quantile(seconds, 0.5):.2f} s, p99 {quantile(seconds, 0.99):.2f} s")
        print(f"{len(lags)} changes at {RATE}/s in {took:.0f} s")
        print(f"{busy / took:.2f} cores busy, {own / took:.2f} of them with making and watching the changes")
        print(f"drift {[len(find_drift(engine).job_ids) for engine in choice.engines()]} jobs")


def measure_lags(app: Flask, changes: int) -> list[float]:
    """Seconds from the commit of a change until a search of the index finds its version, for each."""
    oldest = select(Job.id).where(Job.status == JobStatus.OPEN).order_by(Job.updated_at, Job.id).limit(changes)
    ids = list(db.session.scalars(oldest))
    before = {row.id: row.version for row in db.session.execute(select(Job.id, Job.version).where(Job.id.in_(ids)))}
    db.session.rollback()
    committed: dict[int, float] = {}
    seen: dict[int, float] = {}
    done = threading.Event()
    begins = time.monotonic() + 0.5

    def change(mine: Sequence[tuple[int, int]]) -> None:
        with app.app_context():
            for place, job_id in mine:
                time.sleep(max(0.0, begins + place / RATE - time.monotonic()))
                with unit_of_work():
                    db.session.execute(CHANGE, {"job_id": job_id, "sentence": SENTENCE % place})
                    indexing.job_changed(job_id)
                committed[job_id] = time.monotonic()

    def watch() -> None:
        with app.app_context():
            while not done.wait(0.1):
                asked = [job_id for job_id in list(committed) if job_id not in seen]
                found = _newer(asked, before)
                seen.update(dict.fromkeys(found, time.monotonic()))

    numbered = list(enumerate(ids))
    threads = [threading.Thread(target=change, args=(numbered[first::CLIENTS],)) for first in range(CLIENTS)]
    watcher = threading.Thread(target=watch)
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join()
    try:
        wait_until(lambda: len(seen) == len(ids), seconds=60)
    finally:
        done.set()
        watcher.join()
    return [seen[job_id] - committed[job_id] for job_id in ids]


def _newer(job_ids: Sequence[int], before: dict[int, int]) -> list[int]:
    """Those of the jobs whose copy has a version beyond the one before; asked so that few copies are read, since this takes from the node's time."""
    if not job_ids:
        return []
    by_version: dict[int, list[int]] = {}
    for job_id in job_ids:
        by_version.setdefault(before[job_id], []).append(job_id)
    newer = [{"bool": {"filter": [{"terms": {"job_id": ids}}, {"range": {"version": {"gt": version}}}]}} for version, ids in by_version.items()]
    answer = client().search(
        index=indices.family(),
        query={"bool": {"should": newer, "minimum_should_match": 1}},
        size=len(job_ids),
        source=False,
        docvalue_fields=[{"field": "job_id"}],
        filter_path="hits.hits.fields",
    )
    return [hit["fields"]["job_id"][0] for hit in answer.get("hits", {}).get("hits", [])]


def _until_done(changes: int) -> dict[str, list[float]]:
    """Seconds from the row of a task to its end, by the task's name, of the last changes."""
    rows = select(Task.name, func.extract("epoch", Task.finished_at - Task.created_at)).where(Task.name.startswith("search."))
    found: dict[str, list[float]] = {}
    for name, seconds in db.session.execute(rows.order_by(Task.id.desc()).limit(len(choice.engines()) * changes)):
        found.setdefault(name, []).append(float(seconds if seconds is not None else "inf"))
    return found


def _busy_seconds() -> float:
    """Processor time of the whole machine since it started, but what it idled or waited."""
    user, nice, system, _, _, interrupts, soft, *_ = map(int, Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
