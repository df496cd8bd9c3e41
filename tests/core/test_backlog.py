"""How the pdf queue's length and times are estimated, and what `/tasks/{id}/` makes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from app.accounts.models import User
from app.applications.cv_exports.slices import SLICE_SECONDS
from app.core import backlog
from app.core.backlog import Outlook
from app.core.clock import now
from app.core.outbox import Task, TaskState, enqueue, find_task
from app.extensions import db
from tests.factories import CandidateFactory


def wait(name: str = "pdf.render", *, since: timedelta = timedelta(minutes=1), **values: Any) -> Task:
    """A task that has been due for that long."""
    task_id = enqueue(name, {}, owner_id=values.pop("owner_id", None))
    db.session.execute(update(Task).where(Task.id == task_id).values({"run_after": now() - since, **values}))
    task = db.session.get(Task, task_id, populate_existing=True)
    assert task is not None
    return task


def took(name: str, seconds: float, *, at: datetime | None = None) -> None:
    """A task of that kind that was done in so many seconds."""
    end = at or now()
    wait(name, state=TaskState.DONE, finished_at=end, claimed_at=end - timedelta(seconds=seconds))


@pytest.mark.usefixtures("app")
def test_an_empty_queue_has_no_wait() -> None:
    took("pdf.render", 30)

    assert backlog.waiting_seconds() == 0


@pytest.mark.usefixtures("app")
def test_a_free_worker_means_no_wait() -> None:
    took("pdf.render", 30)
    wait(state=TaskState.RUNNING)

    assert backlog.waiting_seconds() == 0


@pytest.mark.usefixtures("app")
def test_the_wait_is_the_work_ahead_by_kind_shared_among_two_workers() -> None:
    took("pdf.render", 4)
    took("pdf.preview", 1)
    for _ in range(3):
        wait("pdf.render")
    wait("pdf.preview", state=TaskState.SENT)
    wait("pdf.render", state=TaskState.RUNNING)

    # Three renders of 4 s, a preview of 1 s and half a render that runs.
    assert backlog.waiting_seconds() == pytest.approx((3 * 4 + 1 + 2) / 2)


@pytest.mark.usefixtures("app")
def test_an_export_under_way_counts_a_slice_however_quickly_the_last_ones_ended() -> None:
    took("pdf.cv_export", 0.01)
    for _ in range(6):
        wait("pdf.cv_export", progress=40)

    assert backlog.waiting_seconds() == 6 * SLICE_SECONDS / 2


@pytest.mark.usefixtures("app")
def test_other_queues_and_what_is_not_due_or_over_do_not_count() -> None:
    took("pdf.render", 10)
    wait("mail.send")
    wait("mail.send", state=TaskState.RUNNING)
    wait(since=timedelta(minutes=-1))
    wait(state=TaskState.DEAD)
    wait(state=TaskState.DONE)

    assert backlog.waiting_seconds() == 0


@pytest.mark.usefixtures("app")
def test_a_kind_without_a_measure_counts_a_second_and_old_measures_are_forgotten() -> None:
    for _ in range(4):
        wait("pdf.receipt")
    unmeasured = backlog.waiting_seconds()
    took("pdf.receipt", 1000, at=now() - timedelta(hours=1))
    for _ in range(backlog.SAMPLE):
        took("pdf.receipt", 3)

    assert unmeasured == 2
    assert backlog.waiting_seconds() == pytest.approx(6)


@pytest.mark.usefixtures("app")
def test_no_more_than_a_bounded_number_of_rows_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_COUNTED", 5)
    for _ in range(9):
        wait()

    assert backlog.waiting_seconds() == pytest.approx(5 / 2)


@pytest.mark.usefixtures("app")
def test_the_outlook_is_the_place_in_the_order_of_sending_and_the_time_until_it_is_done() -> None:
    took("pdf.render", 4)
    second, first, third = (wait(since=timedelta(seconds=seconds)) for seconds in (20, 30, 10))

    found = [backlog.outlook(task) for task in (first, second, third)]

    assert found == [Outlook(1, 4), Outlook(2, 4), Outlook(3, 8)]


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("name", "state"), [("mail.send", TaskState.PENDING), ("pdf.render", TaskState.RUNNING), ("pdf.render", TaskState.DONE)])
def test_only_what_waits_in_the_pdf_queue_has_an_outlook(name: str, state: TaskState) -> None:
    assert backlog.outlook(wait(name, state=state)) is None


@pytest.mark.usefixtures("app")
def test_the_indexes_serve_the_counting_and_the_measuring() -> None:
    db.session.execute(text("INSERT INTO tasks (name, args, state) SELECT 'mail.send', '{}', 'DONE' FROM generate_series(1, 20000)"))
    many = "SELECT 'pdf.render', '{}', 'DONE', now() - i * interval '1 s', now() - i * interval '1 s' FROM generate_series(1, 3000) i"
    db.session.execute(text(f"INSERT INTO tasks (name, args, state, claimed_at, finished_at) {many}"))
    db.session.execute(text("INSERT INTO tasks (name, args) SELECT 'pdf.render', '{}' FROM generate_series(1, 3000)"))
    db.session.execute(text("ANALYZE tasks"))

    counting, measuring = (_plan(statement) for statement in _statements(backlog.waiting_seconds))

    assert "ix_tasks_pdf_waiting" in counting
    assert "ix_tasks_pdf_done" in measuring
    assert "Seq Scan" not in counting + measuring


def _statements(call: Callable[[], Any]) -> list[str]:
    """The counting and the measuring statement of a call, with their values written in."""
    sent: list[Any] = []
    execute = db.session.execute

    def note(statement: Any, *rest: Any, **more: Any) -> Any:
        sent.append(statement)
        return execute(statement, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db.session, "execute", note)
        call()
    compiled = [str(statement.compile(db.engine, compile_kwargs={"literal_binds": True})) for statement in sent]
    return [next(one for one in compiled if "LIMIT 2000" in one), next(one for one in compiled if "LIMIT 50" in one)]


def _plan(statement: str) -> str:
    return "\n".join(db.session.connection().exec_driver_sql(f"EXPLAIN {statement.replace('%', '%%')}").scalars())


@pytest.fixture
def owner(app: APIFlask) -> User:
    made: User = CandidateFactory()
    return made


def test_a_waiting_task_says_its_position_and_estimate(owner: User, sign_in: Callable[[User], FlaskClient]) -> None:
    took("pdf.render", 4)
    wait("pdf.render", since=timedelta(minutes=2))
    wait("pdf.render", since=timedelta(minutes=2))
    mine = wait("pdf.render", owner_id=owner.id)

    answer = sign_in(owner).get(f"/api/v1/tasks/{mine.id}/").json

    assert answer == {
        "id": mine.id,
        "kind": "pdf.render",
        "status": "QUEUED",
        "progress": 0,
        "result_url": None,
        "error": None,
        "position": 3,
        "estimated_seconds": 8,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("The résumé is longer than 20 pages.", "The résumé is longer than 20 pages."),
        ("internal: OSError: [Errno 28] No space left on device: '/srv/files'", "Something went wrong on our side. Please try again later."),
    ],
)
def test_the_owner_of_a_failed_task_reads_what_is_meant_for_them(owner: User, sign_in: Callable[[User], FlaskClient], error: str, told: str) -> None:
    mine = wait("pdf.render", owner_id=owner.id, state=TaskState.DEAD, error=error)

    answer = sign_in(owner).get(f"/api/v1/tasks/{mine.id}/").json

    assert (answer["status"], answer["error"]) == ("FAILED", told)


def test_a_task_between_two_slices_is_under_way(owner: User, sign_in: Callable[[User], FlaskClient]) -> None:
    mine = wait("pdf.cv_export", owner_id=owner.id, progress=40)

    answer = sign_in(owner).get(f"/api/v1/tasks/{mine.id}/").json

    assert (answer["status"], answer["progress"], "position" in answer) == ("RUNNING", 40, False)
    found = find_task(mine.id, owner_id=owner.id)
    assert found is not None
    assert found.state == TaskState.PENDING
