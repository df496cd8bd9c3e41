"""While jobs change and people search, a rebuild goes unnoticed and loses nothing."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.demo import load
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import choice, indexing, rebuilding
from app.search.breaker import CircuitBreaker
from app.search.drift import Drift, find_drift
from app.search.elastic import indices
from app.search.elastic.client import client
from tasks import base
from tasks.search import index_elastic
from tests.needs import ELASTICSEARCH_URL, needs_elasticsearch

pytestmark = [needs_elasticsearch, pytest.mark.serial]

JOBS, WRITES, QUERIES = 2000, 100, 20
INDEX = f"loaded-{os.getpid()}"


@pytest.fixture
def board(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """A demo board with real commits and an index."""
    committed_app.config.update(ELASTICSEARCH_URL=ELASTICSEARCH_URL, ELASTICSEARCH_INDEX=INDEX, ELASTICSEARCH_TIMEOUT_MS=10_000)
    committed_app.extensions["elasticsearch_breaker"] = CircuitBreaker(first_pause=0, longest_pause=0)
    monkeypatch.setattr(base, "flask_app", committed_app)
    with committed_app.app_context():
        with unit_of_work():
            load.load(JOBS)
        rebuilding.rebuild_index(choice.ELASTIC, lambda number: None)
        yield committed_app
        indices.drop(list(client().indices.get(index=f"{INDEX}-*")))


class Load:
    """Threads that each do one thing so many times a second until `ended`; what they raise is kept."""

    def __init__(self, app: APIFlask) -> None:
        self._app = app
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []

    def repeat(self, act: Callable[[int], None], rate: float) -> None:
        thread = threading.Thread(target=self._run, args=(act, rate))
        self._threads.append(thread)
        thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, act: Callable[[int], None], rate: float) -> None:
        begins = time.monotonic()
        for number in count():
            if self._ended.wait(max(0.0, begins + number / rate - time.monotonic())):
                return
            try:
                with self._app.app_context():
                    act(number)
            except BaseException as error:
                self.errors.append(error)
                return


def test_a_rebuild_under_writes_and_searches_is_not_noticed_and_loses_nothing(board: APIFlask) -> None:
    ids = list(db.session.scalars(select(Job.id).order_by(Job.id)))
    db.session.rollback()
    answers: list[tuple[int, str, bool, bool]] = []
    written: list[int] = []
    pressure = Load(board)

    def write(number: int) -> None:
        # Every fifth opens or closes a job, the others change its title.
        changes: dict[str, Any] = {"title": f"Nhân viên thứ {number}"}
        if number % 5 == 0:
            changes = {"status": JobStatus.CLOSED if number % 10 else JobStatus.OPEN}
        job_id = ids[number * 7 % len(ids)]
        with unit_of_work():
            db.session.execute(update(Job).where(Job.id == job_id).values(version=Job.version + 1, **changes))
            indexing.job_changed(job_id)
        written.append(job_id)

    def search(number: int) -> None:
        found = board.test_client().get("/api/v1/jobs/search/?q=nhan+vien").json
        answers.append((len(found["results"]), found["engine"], found["degraded"], found["relaxed"]))

    pressure.repeat(write, WRITES)
    pressure.repeat(search, QUERIES)
    pressure.repeat(lambda number: _work(), 10)
    before = indices.live()
    try:
        rebuilding.rebuild_index(choice.ELASTIC, lambda number: None)
        during = len(written), len(answers)
    finally:
        pressure.end()
    while _work():
        pass

    assert pressure.errors == []
    assert indices.live() != before
    assert min(during) > 0
    assert {(number > 0, *rest) for number, *rest in answers} == {(True, "elasticsearch", False, False)}
    assert _unfinished() == 0
    assert find_drift(choice.ELASTIC) == Drift()


def _work() -> bool:
    """Deliver one message, as the relay and the worker of the search queue do; whether a task waited."""
    oldest = select(func.min(Task.id)).where(Task.name == "search.index_elastic", Task.state == TaskState.PENDING)
    task_id = db.session.scalar(oldest)
    db.session.rollback()
    if task_id is None:
        return False
    index_elastic(task_id)
    return True


def _unfinished() -> int:
    return db.session.scalar(select(func.count()).where(Task.name == "search.index_elastic", Task.state != TaskState.DONE)) or 0
