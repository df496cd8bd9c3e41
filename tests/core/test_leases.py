"""The life of a durable task against real commits: one claim, fencing, back-off, death, the sweep, deduplication."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from app.core import leases
from app.core.leases import ClaimedTask, StaleClaim
from app.core.outbox import Task, TaskState, enqueue
from app.core.unit_of_work import unit_of_work
from app.extensions import db

LEASE = timedelta(seconds=30)


@pytest.fixture
def accept(committed_app: APIFlask) -> Callable[..., int]:
    """Commit a task and return its id."""

    def accepted(**values: object) -> int:
        with committed_app.app_context(), unit_of_work():
            return enqueue("maintenance.example", {"id": 1}, **values)  # type: ignore[arg-type]

    return accepted


@pytest.fixture
def claim(committed_app: APIFlask) -> Callable[[int], ClaimedTask | None]:
    def claimed(task_id: int) -> ClaimedTask | None:
        with committed_app.app_context(), unit_of_work():
            return leases.claim(task_id, lease=LEASE)

    return claimed


def state_of(app: APIFlask, task_id: int) -> TaskState:
    with app.app_context():
        return TaskState(db.session.scalar(select(Task.state).where(Task.id == task_id)))


def expire_lease(app: APIFlask, task_id: int) -> None:
    with app.app_context(), unit_of_work():
        past = func.clock_timestamp() - timedelta(seconds=1)
        db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=past))


def test_a_task_is_claimed_by_one_worker(accept: Callable[..., int], claim: Callable[[int], ClaimedTask | None]) -> None:
    task_id = accept()

    first, second = claim(task_id), claim(task_id)

    assert first is not None
    assert (first.attempt, first.token, first.args) == (1, 1, {"id": 1})
    assert second is None


def test_a_worker_paused_beyond_its_lease_cannot_finish(
    committed_app: APIFlask, accept: Callable[..., int], claim: Callable[[int], ClaimedTask | None]
) -> None:
    task_id = accept()
    paused = claim(task_id)
    expire_lease(committed_app, task_id)
    successor = claim(task_id)
    assert paused is not None
    assert successor is not None

    with committed_app.app_context(), pytest.raises(StaleClaim), unit_of_work():
        leases.finish(paused)

    assert state_of(committed_app, task_id) == TaskState.RUNNING
    with committed_app.app_context(), unit_of_work():
        leases.finish(successor)
    assert state_of(committed_app, task_id) == TaskState.DONE


def test_a_failure_backs_off_and_the_last_one_is_death(
    committed_app: APIFlask, accept: Callable[..., int], claim: Callable[[int], ClaimedTask | None]
) -> None:
    task_id = accept(max_attempts=2)
    first = claim(task_id)
    assert first is not None

    with committed_app.app_context(), unit_of_work():
        leases.give_back(first, "the mail server is away")

    assert state_of(committed_app, task_id) == TaskState.PENDING
    assert claim(task_id) is None, "it is not due before its back-off has passed"
    with committed_app.app_context(), unit_of_work():
        db.session.execute(update(Task).values(run_after=func.clock_timestamp()))
    last = claim(task_id)
    assert last is not None
    with committed_app.app_context(), unit_of_work():
        leases.give_back(last, "still away")
    assert state_of(committed_app, task_id) == TaskState.DEAD


def test_the_sweep_returns_what_a_killed_worker_held_and_buries_it_after_the_last_attempt(
    committed_app: APIFlask, accept: Callable[..., int], claim: Callable[[int], ClaimedTask | None]
) -> None:
    task_id = accept(max_attempts=2)
    buried: list[str] = []
    leases.when_dead("maintenance.example")(lambda args, error: buried.append(error))

    states = []
    for _ in range(2):
        claim(task_id)
        expire_lease(committed_app, task_id)
        with committed_app.app_context(), unit_of_work():
            leases.sweep()
        states.append(state_of(committed_app, task_id))

    assert states == [TaskState.PENDING, TaskState.DEAD]
    assert buried == ["The worker was lost on every attempt."]


def test_the_sweep_sends_again_what_no_worker_claimed(committed_app: APIFlask, accept: Callable[..., int]) -> None:
    task_id = accept()
    with committed_app.app_context(), unit_of_work():
        long_ago = func.clock_timestamp() - timedelta(minutes=5)
        db.session.execute(update(Task).values(state=TaskState.SENT, sent_at=long_ago, send_count=1))

    with committed_app.app_context(), unit_of_work():
        swept = leases.sweep()

    assert swept.resent == 1
    assert state_of(committed_app, task_id) == TaskState.PENDING


@pytest.mark.parametrize(("send_count", "seconds", "resent"), [(1, 29, 0), (1, 31, 1), (2, 59, 0), (2, 61, 1), (9, 3839, 0), (9, 3841, 1)])
def test_each_resend_is_twice_as_patient_as_the_one_before(
    committed_app: APIFlask, accept: Callable[..., int], send_count: int, seconds: int, resent: int
) -> None:
    accept()
    with committed_app.app_context(), unit_of_work():
        sent_at = func.clock_timestamp() - timedelta(seconds=seconds)
        db.session.execute(update(Task).values(state=TaskState.SENT, sent_at=sent_at, send_count=send_count))

    with committed_app.app_context(), unit_of_work():
        swept = leases.sweep()

    assert swept.resent == resent


def test_equal_keys_share_a_task_until_it_is_claimed(accept: Callable[..., int], claim: Callable[[int], ClaimedTask | None]) -> None:
    first = accept(dedupe_key="search.index_job:7")
    shared = accept(dedupe_key="search.index_job:7")
    claim(first)

    fresh = accept(dedupe_key="search.index_job:7")

    assert shared == first
    assert fresh != first


def test_a_rolled_back_transaction_leaves_no_task(committed_app: APIFlask) -> None:
    with committed_app.app_context(), pytest.raises(RuntimeError), unit_of_work():
        enqueue("maintenance.example", {})
        raise RuntimeError

    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Task)) == 0
