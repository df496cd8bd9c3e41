"""The watch over leases of bin/faults: it is silent while they are kept, and says which were taken early or begun with a wrong length."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from apiflask import APIFlask
from sqlalchemy import func, update

from app.core import leases
from app.core.outbox import Task, TaskState, enqueue
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from faults.wrong_clock import watched_leases

LEASE = timedelta(seconds=15)


class Scene:
    """What the watch needs of a stage."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.failures: list[str] = []
        self.remarks: list[str] = []

    def sql(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self._url) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def watch(worker_app: APIFlask) -> Callable[[Callable[[], None]], list[str]]:
    """The failures that are noted while something is done, in units of work."""

    def act(what: Callable[[], None]) -> list[str]:
        scene = Scene(worker_app.config["DATABASE_URL"].replace("+psycopg", "", 1))
        with worker_app.app_context(), watched_leases(scene):  # type: ignore[arg-type]
            what()
        return scene.failures

    return act


def claimed(lease: timedelta = LEASE) -> leases.ClaimedTask:
    with unit_of_work():
        task_id = enqueue("maintenance.example", {})
    with unit_of_work():
        task = leases.claim(task_id, lease=lease)
    assert task is not None
    return task


def test_leases_that_are_kept_given_back_or_run_out_are_right(watch: Callable[[Callable[[], None]], list[str]]) -> None:
    def work() -> None:
        kept, failed, lost = claimed(), claimed(), claimed()
        with unit_of_work():
            leases.finish(kept)
            leases.give_back(failed, "away")
            db.session.execute(update(Task).where(Task.id == lost.id).values(lease_until=func.clock_timestamp() - LEASE))
        with unit_of_work():
            assert leases.sweep().reclaimed == 1

    assert watch(work) == []


def test_a_sweep_before_the_end_is_noted(watch: Callable[[Callable[[], None]], list[str]]) -> None:
    def steal() -> None:
        swept = {"state": TaskState.PENDING, "lease_until": None, "run_after": func.clock_timestamp()}
        task = claimed()
        with unit_of_work():
            db.session.execute(update(Task).where(Task.id == task.id).values(swept))

    assert watch(steal) == ["1 leases of maintenance.example were taken before their end"]


def test_a_claim_of_what_is_held_is_noted(watch: Callable[[Callable[[], None]], list[str]]) -> None:
    def steal() -> None:
        task = claimed()
        with unit_of_work():
            taken = {"fencing_token": Task.fencing_token + 1, "lease_until": func.clock_timestamp() + LEASE}
            db.session.execute(update(Task).where(Task.id == task.id).values(taken))

    assert watch(steal) == ["1 leases of maintenance.example were taken before their end"]


@pytest.mark.parametrize("offset", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_a_lease_by_a_wrong_clock_is_noted(watch: Callable[[Callable[[], None]], list[str]], offset: timedelta) -> None:
    assert watch(lambda: claimed(LEASE + offset) and None) == ["1 leases of maintenance.example were of a wrong length"]
