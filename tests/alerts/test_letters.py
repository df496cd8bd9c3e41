"""The digest's mail: what it lists, what it leaves out, and how to leave it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

import pytest
from apiflask import APIFlask

from app.accounts.models import User
from app.alerts import letters, unsubscribing
from app.alerts.models import AlertDigest, AlertSent
from app.core.clock import now
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.mail.message import compose, sender_of
from app.notifications import preferences
from app.notifications.models import NotificationType
from app.notifications.preferences import Channel
from tests.alerts.conftest import DAY, MORNING
from tests.factories import CandidateFactory, JobFactory


@dataclass(frozen=True)
class Told:
    """A person with a digest of three jobs and ten more, the first of them the newest."""

    person: User
    jobs: list[Job]


@pytest.fixture
def told(app: APIFlask) -> Told:
    person = CandidateFactory(job_alerts_enabled=True)
    wild = "Kế toán <script>alert(1)</script>\r\nBcc: thief@example.com"
    titles = (wild, "Kế toán thuế", "Kiểm toán")
    jobs = [JobFactory(title=title, published_at=MORNING - timedelta(hours=hours), deadline=None) for hours, title in enumerate(titles)]
    jobs[1].salary_min, jobs[1].is_remote, jobs[2].salary_min, jobs[2].salary_max = None, True, None, None
    day = date.fromisoformat(DAY)
    db.session.add_all([AlertDigest(user_id=person.id, day=day, found=13), *(AlertSent(user_id=person.id, job_id=job.id, day=day) for job in jobs)])
    db.session.add(AlertSent(user_id=person.id, job_id=10**9, day=day - timedelta(days=1)))
    db.session.flush()
    return Told(person, jobs)


def test_the_newest_jobs_come_first_with_place_and_pay(told: Told) -> None:
    letter = letters.digest(told.person.id, DAY)

    assert letter is not None
    places = [letter.text.index(f"/jobs/{job.slug}") for job in told.jobs]
    assert places == sorted(places)
    assert f"  {told.jobs[0].company.name} · Hà Nội\n  20.000.000 VND – 35.000.000 VND\n" in letter.text
    assert f"  {told.jobs[1].company.name} · Hà Nội · Remote\n  35.000.000 VND\n" in letter.text
    assert f"  {told.jobs[2].company.name} · Hà Nội\n  http" in letter.text
    assert "Và 10 việc làm khác (and 10 more): http://127.0.0.1:8000/jobs\n" in letter.text
    assert letter.subject.startswith("13 việc làm mới: Kế toán <script>alert(1)</script> Bcc: thief@example.com")
    assert "<script>" not in letter.html


def test_the_message_can_be_left_at_one_click(told: Told) -> None:
    letter = letters.digest(told.person.id, DAY)
    assert letter is not None

    raw = compose(letter, sender=sender_of("Jobboard <no-reply@example.com>"), task_id=1, date=now()).as_bytes()
    message = cast(EmailMessage, message_from_bytes(raw, policy=SMTP))

    address = unsubscribing.address_for(told.person.id)
    assert (message["List-Unsubscribe"], message["List-Unsubscribe-Post"]) == (f"<{address}>", "List-Unsubscribe=One-Click")
    assert message["Bcc"] is None
    assert f'href="{address}"' in letter.html and address in letter.text


def test_what_is_closed_meanwhile_is_left_out(told: Told) -> None:
    told.jobs[0].status = JobStatus.CLOSED
    told.jobs[1].deadline = MORNING.date() - timedelta(days=1000)
    db.session.flush()

    letter = letters.digest(told.person.id, DAY)

    assert letter is not None
    assert [job.slug in letter.text for job in told.jobs] == [False, False, True]


def test_nothing_left_is_nothing_to_say(told: Told) -> None:
    for job in told.jobs:
        job.deleted_at = MORNING
    db.session.flush()

    assert letters.digest(told.person.id, DAY) is None


@pytest.mark.parametrize("change", [{"job_alerts_enabled": False}, {"is_active": False}])
def test_whoever_has_left_meanwhile_gets_nothing(told: Told, change: dict[str, bool]) -> None:
    for name, value in change.items():
        setattr(told.person, name, value)
    db.session.flush()

    assert letters.digest(told.person.id, DAY) is None


def test_whoever_wants_no_daily_mail_gets_none(told: Told) -> None:
    preferences.set_preferences(told.person.id, {NotificationType.JOB_MATCH: {Channel.DIGEST: False}})

    assert letters.digest(told.person.id, DAY) is None


def test_there_is_no_digest_of_another_day_or_of_nobody(told: Told, opened: Callable[..., Job]) -> None:
    assert letters.digest(told.person.id, "2027-03-11") is None
    assert letters.digest(2**62, DAY) is None
