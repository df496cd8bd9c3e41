"""A cold job that is asked for in two processes at the same time."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from sqlalchemy import event

from app import create_app
from app.extensions import db
from config import load_settings
from tests.jobs.conftest import Posting

READERS = 50

# On a starved machine a reader may find the cache slower than its timeout and ask the database instead: that is meant, but is not tested here.
pytestmark = pytest.mark.serial


def serve(settings: dict[str, Any], path: str, start: Barrier, results: "Queue[tuple[int, set[tuple[int, str]]]]") -> None:
    """Read `path` in many threads at once; report how often the job was loaded from the database and the different answers."""
    app = create_app(load_settings(**settings))
    loads: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: loads.append(args[2]) if "FROM jobs" in args[2] else None)
    together = threading.Barrier(READERS)

    def read(_: int) -> tuple[int, str]:
        client = app.test_client()
        if together.wait(120) == 0:
            start.wait(120)
        together.wait(120)
        answer = client.get(path)
        return answer.status_code, answer.headers["ETag"]

    with ThreadPoolExecutor(READERS) as pool:
        answers = set(pool.map(read, range(READERS)))
    results.put((len(loads), answers))


def test_two_processes_load_a_cold_job_once(posting: Posting) -> None:
    spawning = multiprocessing.get_context("spawn")
    start, results = spawning.Barrier(2), spawning.Queue()
    settings = posting.app.extensions["settings"].model_dump()
    processes = [spawning.Process(target=serve, args=(settings, posting.path, start, results)) for _ in range(2)]

    for process in processes:
        process.start()
    reports = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(30)

    assert sum(loads for loads, _ in reports) == 1
    assert len(reports[0][1] | reports[1][1]) == 1
    assert {status for status, _ in reports[0][1]} == {200}
