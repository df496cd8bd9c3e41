"""The base class of durable tasks: effect and `done` commit together, failures end in the right state."""

from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from app.accounts.models import User
from app.core.leases import ClaimedTask
from app.core.outbox import Task, TaskState, enqueue
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tasks import base
from tests.factories import CandidateFactory


@pytest.fixture
def run(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[ClaimedTask], str | None]], Task]]:
    """Accept a task, run `body` as its worker would, twice, and return the row."""
    monkeypatch.setattr(base, "flask_app", committed_app)
    registered: list[str] = []

    def ran(body: Callable[[ClaimedTask], str | None]) -> Task:
        name = f"maintenance.{body.__name__}"
        registered.append(name)
        task = base.celery.task(name=name, base=base.DurableTask, time_limit=10)(body)
        with committed_app.app_context(), unit_of_work():
            task_id = enqueue(name, {"answer": 42})
        task(task_id)
        task(task_id)
        with committed_app.app_context():
            found = db.session.get(Task, task_id)
            assert found is not None
            db.session.expunge(found)
            return found

    yield ran
    for name in registered:
        base.celery.tasks.unregister(name)


def users(app: APIFlask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(User)) or 0


def test_the_effect_happens_once_however_often_the_message_comes(committed_app: APIFlask, run: Callable[..., Task]) -> None:
    def add_a_user(task: ClaimedTask) -> str:
        CandidateFactory()
        return "/api/v1/somewhere/"

    task = run(add_a_user)

    assert users(committed_app) == 1
    assert (task.state, task.progress, task.result_url, task.attempts) == (TaskState.DONE, 100, "/api/v1/somewhere/", 1)


def test_a_passing_failure_undoes_the_effect_and_waits_for_another_attempt(committed_app: APIFlask, run: Callable[..., Task]) -> None:
    def fail_for_now(task: ClaimedTask) -> None:
        CandidateFactory()
        raise base.Transient("the bank does not answer")

    task = run(fail_for_now)

    assert users(committed_app) == 0
    assert (task.state, task.attempts, task.error) == (TaskState.PENDING, 1, "the bank does not answer")


def test_a_lasting_failure_is_death_with_its_reason(run: Callable[..., Task]) -> None:
    def fail_for_good(task: ClaimedTask) -> None:
        raise base.Permanent("The résumé is longer than 20 pages.")

    task = run(fail_for_good)

    assert (task.state, task.error) == (TaskState.DEAD, "The résumé is longer than 20 pages.")


def test_a_bug_is_not_retried(run: Callable[..., Task]) -> None:
    def divide(task: ClaimedTask) -> None:
        task.args["answer"] / 0

    task = run(divide)

    assert (task.state, task.attempts, task.error) == (TaskState.DEAD, 1, "internal: ZeroDivisionError: division by zero")


def test_sliced_work_goes_on_until_it_is_finished_with_its_attempts_counted_anew(committed_app: APIFlask, run: Callable[..., Task]) -> None:
    seen: list[tuple[int, int]] = []

    def add_two_users(task: ClaimedTask) -> base.Unfinished | None:
        seen.append((task.attempt, users(committed_app)))
        CandidateFactory()
        return base.Unfinished(50) if len(seen) == 1 else None

    task = run(add_two_users)

    assert seen == [(1, 0), (1, 1)]
    assert users(committed_app) == 2
    assert (task.state, task.progress, task.attempts, task.fencing_token) == (TaskState.DONE, 100, 1, 2)


def test_between_two_slices_the_task_waits_at_the_end_of_its_queue(run: Callable[..., Task]) -> None:
    def go_on_for_ever(task: ClaimedTask) -> base.Unfinished:
        return base.Unfinished(7)

    task = run(go_on_for_ever)

    assert (task.state, task.progress, task.attempts, task.send_count) == (TaskState.PENDING, 7, 0, 0)
    assert task.claimed_at is not None
    assert task.run_after > task.claimed_at
