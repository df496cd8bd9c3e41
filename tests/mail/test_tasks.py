"""Mail tasks as workers run them: against real commits and a real mail server."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text, update

import tasks.base
import tasks.mail
from app.accounts.models import User
from app.applications.models import Interview, InterviewStatus
from app.core.clock import now
from app.core.outbox import MAX_ATTEMPTS, Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.mail.message_ids import task_of
from app.notifications.models import NotificationType
from tests.factories import ApplicationFactory
from tests.mail.conftest import ended
from tests.mail.smtp_server import Mailbox


@pytest.fixture
def interview_id(mail_app: APIFlask) -> int:
    with mail_app.app_context(), unit_of_work():
        made = Interview(application=ApplicationFactory(), interview_date=now() + timedelta(minutes=59))
        db.session.add(made)
        db.session.flush()
        return made.id


def test_a_task_sends_one_mail_however_often_it_is_delivered(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], user_id: int) -> None:
    task_id = accept("mail.verify_email", {"user_id": user_id})

    for _ in range(2):
        tasks.mail.verify_email(task_id)

    [message] = [message_from_bytes(raw, policy=SMTP) for raw in mailbox.messages]
    with mail_app.app_context():
        assert task_of(message["Message-ID"], mailbox.recipients[0]) == task_id
    assert message["Subject"] == "Xác nhận địa chỉ e-mail của bạn / Confirm your e-mail address"
    assert ended(mail_app, task_id) == (TaskState.DONE, None)


def test_no_transaction_is_open_while_the_server_thinks(
    mail_app: APIFlask, accept: Callable[..., int], user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look(message: object) -> None:
        idle = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'")
        with mail_app.app_context(), db.engine.connect() as watching:
            seen.append(watching.execute(idle).scalar_one())

    monkeypatch.setattr(tasks.mail.transport, "deliver", look)

    tasks.mail.verify_email(accept("mail.verify_email", {"user_id": user_id}))

    assert seen == [0]


def test_a_busy_server_is_asked_again_with_the_same_message_id(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], user_id: int
) -> None:
    mailbox.replies["RCPT"] = "451 busy"
    task_id = accept("mail.password_reset", {"user_id": user_id})
    tasks.mail.password_reset(task_id)
    after_failure = ended(mail_app, task_id)
    mailbox.replies.clear()
    with mail_app.app_context(), unit_of_work():
        db.session.execute(update(Task).values(run_after=func.clock_timestamp()))

    tasks.mail.password_reset(task_id)

    assert after_failure == (TaskState.PENDING, "The mail server did not take the message: 451 busy")
    assert ended(mail_app, task_id) == (TaskState.DONE, None)
    [message] = [message_from_bytes(raw, policy=SMTP) for raw in mailbox.messages]
    with mail_app.app_context():
        assert task_of(message["Message-ID"], mailbox.recipients[0]) == task_id


@pytest.mark.parametrize(("verb", "reply"), [("CONNECT", None), ("RCPT", "451 greylisted")])
def test_a_mail_outlives_more_failures_than_other_tasks(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], user_id: int, verb: str, reply: str | None
) -> None:
    task_id = accept("mail.verify_email", {"user_id": user_id})
    mailbox.replies[verb] = reply

    for attempt in range(MAX_ATTEMPTS + 2):
        if attempt > MAX_ATTEMPTS:
            mailbox.replies.clear()
        tasks.mail.verify_email(task_id)
        with mail_app.app_context(), unit_of_work():
            db.session.execute(update(Task).values(run_after=func.clock_timestamp()))

    assert ended(mail_app, task_id) == (TaskState.DONE, None)
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    ("waited", "pause"),
    [
        (timedelta(), timedelta(seconds=5)),
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(days=3), timedelta(minutes=30)),
        (timedelta(days=4, minutes=1), None),
    ],
)
def test_a_mail_waits_as_long_again_and_is_given_up_after_days(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], user_id: int, waited: timedelta, pause: timedelta | None
) -> None:
    mailbox.replies["RCPT"] = "451 busy"
    task_id = accept("mail.verify_email", {"user_id": user_id})
    with mail_app.app_context(), unit_of_work():
        db.session.execute(update(Task).values(created_at=Task.created_at - waited))

    tasks.mail.verify_email(task_id)

    assert ended(mail_app, task_id)[0] == (TaskState.DEAD if pause is None else TaskState.PENDING)
    if pause is not None:
        with mail_app.app_context():
            lies_ahead = db.session.scalars(select(Task.run_after - Task.claimed_at)).one()
        assert pause * 0.75 <= lies_ahead < pause * 1.25 + timedelta(minutes=1)


def test_a_refused_recipient_ends_the_task(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], user_id: int) -> None:
    mailbox.replies["RCPT"] = "550 5.7.1 looks like spam"
    task_id = accept("mail.verify_email", {"user_id": user_id})

    tasks.mail.verify_email(task_id)

    assert ended(mail_app, task_id) == (TaskState.DEAD, "The mail server did not take the message: 550 5.7.1 looks like spam")


def test_a_letter_with_nothing_left_to_say_ends_well(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int]) -> None:
    ids = {
        "verify_email": {"user_id": 1},
        "password_reset": {"user_id": 1},
        "recruiter_pending": {"user_id": 1},
        "recruiter_approved": {"user_id": 1},
        "resume_ready": {"resume_id": 1},
        "job_digest": {"user_id": 1, "day": "2027-03-05"},
        "application_received": {"application_id": 1},
        "application_status": {"event_id": 1},
        "interview_invitation": {"interview_id": 1, "sequence": 0},
        "interview_reminder": {"interview_id": 1, "sequence": 0},
        "receipt": {"receipt_id": 1},
    }
    accepted = {name: accept(f"mail.{name}", args) for name, args in ids.items()}

    for name, task_id in accepted.items():
        getattr(tasks.mail, name)(task_id)

    assert {name: ended(mail_app, task_id) for name, task_id in accepted.items()} == dict.fromkeys(accepted, (TaskState.DONE, None))
    assert mailbox.verbs == []


def test_a_reminder_goes_out_once_whatever_is_queued(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], interview_id: int) -> None:
    with mail_app.app_context():
        stamp = db.session.get(Interview, interview_id).updated_at
    for _ in range(2):
        tasks.mail.interview_reminder(accept("mail.interview_reminder", {"interview_id": interview_id, "sequence": 0}))

    with mail_app.app_context():
        interview = db.session.get(Interview, interview_id)
        told = [task.args["type"] for task in db.session.query(Task).filter_by(name="notifications.deliver")]
        assert interview.reminded_at is not None
        assert interview.updated_at == stamp
    assert len(mailbox.messages) == 1
    assert told == [NotificationType.INTERVIEW_REMINDER]


def test_a_reminder_that_could_not_be_sent_is_not_recorded(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], interview_id: int
) -> None:
    mailbox.replies["."] = "451 greylisted"

    tasks.mail.interview_reminder(accept("mail.interview_reminder", {"interview_id": interview_id, "sequence": 0}))

    with mail_app.app_context():
        assert db.session.get(Interview, interview_id).reminded_at is None
        assert db.session.query(Task).filter_by(name="notifications.deliver").count() == 0


@pytest.mark.parametrize("reply", ["550 5.7.1 looks like spam", "451 greylisted"])
def test_whom_no_reminder_can_be_mailed_is_reminded_in_the_application_once(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], interview_id: int, reply: str
) -> None:
    mailbox.replies["RCPT"] = reply
    task_id = accept("mail.interview_reminder", {"interview_id": interview_id, "sequence": 0})
    with mail_app.app_context(), unit_of_work():
        db.session.execute(update(Task).where(Task.id == task_id).values(max_attempts=1))

    tasks.mail.interview_reminder(task_id)
    tasks.mail.interview_reminder(accept("mail.interview_reminder", {"interview_id": interview_id, "sequence": 0}))

    assert ended(mail_app, task_id)[0] == TaskState.DEAD
    with mail_app.app_context():
        told = [task.args["type"] for task in db.session.query(Task).filter_by(name="notifications.deliver")]
        assert db.session.get(Interview, interview_id).reminded_at is not None
    assert told == [NotificationType.INTERVIEW_REMINDER]


def test_a_reminder_that_dies_after_the_interview_was_called_off_tells_nothing(
    mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], interview_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.replies["RCPT"] = "550 5.7.1 looks like spam"
    deliver = tasks.mail.transport.deliver

    def called_off_meanwhile(message: EmailMessage) -> None:
        with mail_app.app_context(), unit_of_work():
            db.session.execute(update(Interview).values(status=InterviewStatus.CANCELLED, sequence=1))
        deliver(message)

    monkeypatch.setattr(tasks.mail.transport, "deliver", called_off_meanwhile)

    tasks.mail.interview_reminder(accept("mail.interview_reminder", {"interview_id": interview_id, "sequence": 0}))

    with mail_app.app_context():
        assert db.session.get(Interview, interview_id).reminded_at is None
        assert db.session.query(Task).filter_by(name="notifications.deliver").count() == 0


def test_an_invitation_arrives_with_its_calendar(mail_app: APIFlask, mailbox: Mailbox, accept: Callable[..., int], interview_id: int) -> None:
    tasks.mail.interview_invitation(accept("mail.interview_invitation", {"interview_id": interview_id, "sequence": 0}))

    [message] = [message_from_bytes(raw, policy=SMTP) for raw in mailbox.messages]
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    with mail_app.app_context():
        application = db.session.get(Interview, interview_id).application
        assert message["Reply-To"].addresses[0].addr_spec == application.company.owner.email
        assert mailbox.recipients == [db.session.get(User, application.candidate_id).email]
