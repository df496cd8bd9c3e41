"""Tasks that are worked off many at a time: who is taken along, what needs a message, and how a batch comes apart."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app.core import lease_batches, leases
from app.core.lease_batches import BATCH_OF, claim_neighbours, finish_each, messages_to_send
from app.core.leases import ClaimedTask, StaleClaim
from app.core.outbox import Task, TaskState, enqueue
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tasks import payments, search
from tasks.base import Permanent, Transient, celery
from tasks.batches import BatchTask

NAME = "payments.test_batch"
LEASE = timedelta(seconds=15)
RUNS: list[list[int]] = []
FAILURES: dict[int, Exception] = {}


@celery.task(name=NAME, base=BatchTask, time_limit=10)
def work(tasks: Sequence[ClaimedTask]) -> None:
    """Note which tasks ran together; fail for those that are told to."""
    RUNS.append([task.id for task in tasks])
    for task in tasks:
        if task.id in FAILURES:
            raise FAILURES[task.id]


@pytest.fixture
def worker_app(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> APIFlask:
    """The same with batches of three, and nothing run yet."""
    monkeypatch.setitem(BATCH_OF, NAME, 3)
    RUNS.clear()
    FAILURES.clear()
    return worker_app


def leave(app: APIFlask, number: int) -> list[int]:
    with app.app_context(), unit_of_work():
        return [enqueue(NAME, {}) for _ in range(number)]


def states(app: APIFlask) -> list[tuple[str, int]]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(select(Task.state, Task.attempts).where(Task.name == NAME).order_by(Task.id))]


def test_a_message_serves_a_batch_and_the_next_one_the_rest(worker_app: APIFlask) -> None:
    ids = leave(worker_app, 5)

    work(ids[0])
    work(ids[1])
    work(ids[2])

    assert [ids[:3], ids[3:]] == RUNS
    assert states(worker_app) == [("DONE", 1)] * 5


def test_only_due_first_attempts_of_the_same_name_are_taken_along(worker_app: APIFlask) -> None:
    first, second, failed, later, running = leave(worker_app, 5)
    with worker_app.app_context(), unit_of_work():
        enqueue("payments.other", {})
        db.session.execute(update(Task).where(Task.id == failed).values(attempts=1))
        db.session.execute(update(Task).where(Task.id == later).values(run_after=Task.run_after + timedelta(hours=1)))
        db.session.execute(update(Task).where(Task.id == running).values(state=TaskState.RUNNING))

    with worker_app.app_context(), unit_of_work():
        taken = [task.id for task in claim_neighbours(NAME, most=10, lease=LEASE)]

    assert taken == [first, second]


def test_what_has_failed_before_runs_alone(worker_app: APIFlask) -> None:
    ids = leave(worker_app, 3)
    with worker_app.app_context(), unit_of_work():
        db.session.execute(update(Task).where(Task.id == ids[0]).values(attempts=1))

    work(ids[0])

    assert [[ids[0]]] == RUNS
    assert states(worker_app) == [("DONE", 2), ("PENDING", 0), ("PENDING", 0)]


def test_a_batch_with_a_bad_task_comes_apart_and_only_that_one_suffers(worker_app: APIFlask) -> None:
    first, bug, away = leave(worker_app, 3)
    FAILURES.update({bug: Permanent("never"), away: Transient("later")})

    work(first)

    assert [[first, bug, away], [first], [bug], [away]] == RUNS
    assert states(worker_app) == [("DONE", 1), ("DEAD", 1), ("PENDING", 1)]


def test_a_batch_of_which_one_claim_was_lost_changes_nothing_until_the_others_run_alone(worker_app: APIFlask) -> None:
    ids = leave(worker_app, 2)
    with worker_app.app_context():
        with unit_of_work():
            claimed = claim_neighbours(NAME, most=2, lease=LEASE)
            db.session.execute(update(Task).where(Task.id == ids[1]).values(fencing_token=9))
        with pytest.raises(StaleClaim, match="1 of 2"), unit_of_work():
            finish_each(claimed)

    assert states(worker_app) == [("RUNNING", 1), ("RUNNING", 1)]


def test_two_workers_share_what_waits(worker_app: APIFlask) -> None:
    ids = leave(worker_app, 4)

    with worker_app.app_context():
        with unit_of_work():
            mine = leases.claim(ids[0], lease=LEASE)
            theirs = claim_neighbours(NAME, most=2, lease=LEASE)
        with unit_of_work():
            rest = claim_neighbours(NAME, most=9, lease=LEASE)

    assert mine is not None
    assert [mine.id, *(task.id for task in [*theirs, *rest])] == ids


@pytest.mark.parametrize(
    ("due", "chosen"),
    [
        ([], []),
        ([(1, NAME, 1)], [1]),
        ([(1, NAME, 1), (2, NAME, 1), (3, NAME, 1), (4, NAME, 1)], [1, 4]),
        ([(1, NAME, 2), (2, NAME, 1), (3, NAME, 2), (4, NAME, 1)], [1, 2, 3]),
        ([(1, "mail.send", 1), (2, "mail.send", 1)], [1, 2]),
    ],
)
def test_one_message_serves_a_batch_of_first_sendings(due: list[tuple[int, str, int]], chosen: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BATCH_OF, NAME, 3)

    assert [task_id for task_id, _ in messages_to_send(due)] == chosen


def test_every_batched_name_is_a_batch_task() -> None:
    batched = {payments.settle.name, search.index_jobs.name, search.index_elastic.name}

    assert {name for name, task in celery.tasks.items() if isinstance(task, BatchTask)} - {NAME} == batched
    assert set(lease_batches.BATCH_OF) == batched
