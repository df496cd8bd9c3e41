"""Subscribers, jobs that were opened at a given time, and the day on which an edition begins."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import delete

from app.accounts.models import User
from app.alerts import digests, editions, matching, service
from app.alerts.models import AlertEdition, Frequency
from app.core.outbox import Task
from app.extensions import db
from app.jobs.models import Job
from app.search import service as search
from tests.factories import CandidateFactory, JobFactory

# Wednesday, 07:05 in the market's time zone.
MORNING = datetime(2027, 3, 10, 0, 5, tzinfo=UTC)
DAY = "2027-03-10"


@pytest.fixture(autouse=True)
def at_that_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[datetime], None]]:
    """The alerts' clock stands at MORNING unless a test moves it."""

    def set_clock(moment: datetime) -> None:
        for module in ("app.alerts.service", "app.alerts.matching", "app.alerts.digests", "app.alerts.cli", "tasks.alerts"):
            monkeypatch.setattr(f"{module}.now", lambda: moment)

    set_clock(MORNING)
    yield set_clock


@pytest.fixture
def subscribe(app: APIFlask) -> Callable[..., User]:
    """A candidate who saved these searches two days ago, or `user` with more of them."""

    def made(*queries: str, user: User | None = None, frequency: Frequency = Frequency.DAILY, **filters: Any) -> User:
        owner: User = user or CandidateFactory()
        long_ago = MORNING - timedelta(days=2)
        for query in queries:
            alert, _ = service.create(owner, query, filters, frequency)
            alert.since = alert.search.matched_until = long_ago
        db.session.flush()
        return owner

    return made


@pytest.fixture
def opened(app: APIFlask) -> Callable[..., Job]:
    """A job of that title, opened so long before MORNING and in the index; no indexing is left to do."""

    def made(title: str, *, ago: timedelta = timedelta(hours=5), **values: Any) -> Job:
        job: Job = JobFactory(title=title, published_at=MORNING - ago, deadline=None, **values)
        db.session.flush()
        search.reindex([job.id])
        db.session.execute(delete(Task).where(Task.name.startswith("search.")))
        return job

    return made


def run_edition(moment: datetime = MORNING) -> AlertEdition:
    """Begin the edition of that moment and work it off."""
    day = editions.begin_due(moment)
    assert day is not None
    edition = editions.lock(day.isoformat())
    while matching.match_slice(edition):
        db.session.flush()
    while digests.digest_slice(edition):
        db.session.flush()
    db.session.flush()
    return edition


def mailed() -> list[dict[str, Any]]:
    """The arguments of the digest mails that wait, by person."""
    rows = db.session.query(Task).filter_by(name="mail.job_digest").all()
    return sorted((task.args for task in rows), key=lambda args: (args["day"], args["user_id"]))


def listed(user: User, day: str = DAY) -> list[int]:
    """The jobs of the notification that goes with the person's digest of the day."""
    rows = db.session.query(Task).filter_by(name="notifications.deliver").all()
    return [job for task in rows if task.args["user_id"] == user.id and task.args["data"]["day"] == day for job in task.args["data"]["job_ids"]]
