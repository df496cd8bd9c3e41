"""The edition's tasks as workers run them, with real commits: killed between any two steps, they leave nobody out and tell nobody twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import func, update

import tasks.alerts
from app.alerts import digests, editions, matching, service
from app.alerts.models import AlertEdition, AlertSent, Frequency
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.search import service as search
from tests.alerts.conftest import MORNING
from tests.factories import CandidateFactory, CompanyFactory, JobFactory

PEOPLE, SEARCHES, JOBS = 7, 3, 4


class Killed(BaseException):
    """Stands for a worker that dies: nothing catches it."""


@pytest.fixture
def subscribers(worker_app: APIFlask) -> list[int]:
    """Seven people with one of three searches each, and four jobs that each of them finds."""
    opened_at = MORNING - timedelta(hours=5)
    with worker_app.app_context(), unit_of_work():
        company = CompanyFactory()
        jobs = [JobFactory(company=company, title=f"Kế toán {number}", published_at=opened_at, deadline=None) for number in range(JOBS)]
        people = CandidateFactory.create_batch(PEOPLE)
        for number, person in enumerate(people):
            alert, _ = service.create(person, ("kế toán", "kế", "toán")[number % SEARCHES], {}, Frequency.DAILY)
            alert.since = alert.search.matched_until = MORNING - timedelta(days=1)
        db.session.flush()
        search.reindex([job.id for job in jobs])
        db.session.execute(update(Task).values(state=TaskState.DONE))
        return [int(person.id) for person in people]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch, at_that_time: Callable[[datetime], None]) -> None:
    # At eight the digests need not wait: the outbox has the database's clock.
    at_that_time(MORNING + timedelta(hours=1))
    monkeypatch.setattr(matching, "SEARCHES_AT_A_TIME", 2)
    monkeypatch.setattr(digests, "PEOPLE_AT_A_TIME", 2)


def work_off(app: APIFlask) -> int:
    """Run the edition's tasks until none is left, as relay, workers and sweeper would; how many slices it took."""
    for slices in range(100):
        with app.app_context(), unit_of_work():
            # A dead worker's lease runs out.
            expired = {"lease_until": func.clock_timestamp() - timedelta(seconds=1)}
            db.session.execute(update(Task).where(Task.state == TaskState.RUNNING).values(expired))
            waiting = (Task.name.in_([editions.MATCH, editions.DIGEST]), Task.state.in_([TaskState.PENDING, TaskState.RUNNING]))
            task = db.session.query(Task).filter(*waiting).first()
            name, task_id = (task.name, task.id) if task else ("", 0)
        if not task_id:
            return slices
        try:
            {editions.MATCH: tasks.alerts.match, editions.DIGEST: tasks.alerts.digest}[name](task_id)
        except Killed:
            continue
    raise AssertionError("The edition does not end.")


def outcome(app: APIFlask) -> tuple[str, int, int, int, int]:
    """State, matches, mails, notifications and marks."""
    with app.app_context():
        edition = db.session.query(AlertEdition).one()
        told = [db.session.query(Task).filter_by(name=name).count() for name in ("mail.job_digest", "notifications.deliver")]
        return edition.state, edition.matches, *told, db.session.query(AlertSent).count()


WHOLE = ("DONE", SEARCHES * JOBS, PEOPLE, PEOPLE, PEOPLE * JOBS)


def test_an_edition_is_worked_off_in_slices(worker_app: APIFlask, subscribers: list[int]) -> None:
    tasks.alerts.begin()
    tasks.alerts.begin()

    slices = work_off(worker_app)

    assert slices == (2 + 1) + (4 + 1)
    assert outcome(worker_app) == WHOLE


@pytest.mark.parametrize("step", ["matching.match_slice", "digests.digest_slice"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("slice_number", [1, 2, 3])
def test_a_worker_that_dies_leaves_nobody_out_and_tells_nobody_twice(
    worker_app: APIFlask, subscribers: list[int], monkeypatch: pytest.MonkeyPatch, step: str, moment: str, slice_number: int
) -> None:
    module, name = step.split(".")
    real = getattr({"matching": matching, "digests": digests}[module], name)
    calls = 0

    def deadly(edition: AlertEdition) -> bool:
        nonlocal calls
        calls += 1
        if calls == slice_number and moment == "before":
            raise Killed
        went_on: bool = real(edition)
        if calls == slice_number:
            db.session.flush()
            raise Killed
        return went_on

    monkeypatch.setattr(f"tasks.alerts.{step}", deadly)
    tasks.alerts.begin()

    work_off(worker_app)

    assert calls > slice_number
    assert outcome(worker_app) == WHOLE


def test_operators_see_how_far_it_is(worker_app: APIFlask, subscribers: list[int]) -> None:
    before = worker_app.test_cli_runner().invoke(args=["alerts", "status"])
    begun = worker_app.test_cli_runner().invoke(args=["alerts", "begin"])
    again = worker_app.test_cli_runner().invoke(args=["alerts", "begin"])
    work_off(worker_app)

    status = worker_app.test_cli_runner().invoke(args=["alerts", "status"])
    metrics = worker_app.test_client().get("/metrics").text

    assert before.output == "There was no edition yet.\n"
    assert begun.output == "The edition of 2027-03-10 has begun.\n"
    assert again.output.startswith("Nothing to begin")
    [edition, mails] = status.output.splitlines()
    assert edition.startswith("2027-03-10 +weekly DONE       searches 3/3  matches 12  people 7/7  digests 7  jobs 28  begun ")
    assert mails == "mails of 2027-03-10: PENDING 7"
    assert "jobboard_alert_people 7.0" in metrics
    assert "jobboard_alert_people_done 7.0" in metrics


def test_purging_is_a_task_of_its_own(worker_app: APIFlask, subscribers: list[int]) -> None:
    tasks.alerts.begin()
    work_off(worker_app)

    tasks.alerts.purge()

    assert outcome(worker_app) == WHOLE
