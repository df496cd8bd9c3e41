"""What people chose is what they are told, by each channel; the rest of the defaults stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.applications import interviews, letters
from app.applications.history import events_of
from app.core.clock import now
from app.extensions import db
from app.mail import account_letters
from app.notifications import service
from app.notifications.models import Notification, NotificationType
from app.notifications.preferences import Channel, NotificationPreference, wants
from app.notifications.service import News
from tests.factories import ApplicationFactory, CandidateFactory

SignIn = Callable[[User], FlaskClient]
PREFERENCES = "/api/v1/notifications/preferences/"


def choose(caller: FlaskClient, **changes: dict[str, bool]) -> dict[str, dict[str, bool]]:
    answer = caller.patch(PREFERENCES, json={"preferences": changes})
    assert answer.status_code == 200, answer.text
    chosen: dict[str, dict[str, bool]] = answer.json["preferences"]
    return chosen


def test_everybody_starts_with_the_defaults(sign_in: SignIn) -> None:
    answer = sign_in(CandidateFactory()).get(PREFERENCES)

    assert answer.status_code == 200
    assert set(answer.json["preferences"]) == {kind.value for kind in NotificationType}
    assert answer.json["preferences"]["INTERVIEW_SCHEDULED"] == {"in_app": True, "mail": True, "digest": False}
    assert answer.json["preferences"]["NEW_MESSAGE"] == {"in_app": True, "mail": False, "digest": False}
    assert answer.json["preferences"]["JOB_MATCH"] == {"in_app": True, "mail": False, "digest": True}
    assert answer.json["available"]["NEW_MESSAGE"] == ["in_app"]
    assert answer.json["available"]["JOB_MATCH"] == ["in_app", "digest"]
    assert answer.json["always"] == ["account security mails", "receipts"]


def test_a_change_leaves_the_rest_and_can_be_taken_back(sign_in: SignIn) -> None:
    user = CandidateFactory()
    caller = sign_in(user)

    changed = choose(caller, RESUME_READY={"mail": False}, JOB_MATCH={"in_app": False, "digest": False, "mail": False})
    back = choose(caller, JOB_MATCH={"in_app": True, "digest": True})

    assert changed["RESUME_READY"] == {"in_app": True, "mail": False, "digest": False}
    assert changed["JOB_MATCH"] == {"in_app": False, "mail": False, "digest": False}
    assert back["JOB_MATCH"] == {"in_app": True, "mail": False, "digest": True}
    assert back["RESUME_READY"]["mail"] is False
    assert db.session.scalar(select(func.count()).select_from(NotificationPreference)) == 1


def test_one_persons_choice_is_no_other_persons(sign_in: SignIn) -> None:
    first, second = CandidateFactory(), CandidateFactory()
    choose(sign_in(first), RESUME_READY={"in_app": False}, APPLICATION_RECEIVED={"mail": False})
    people = [first.id, second.id]

    assert wants(people, NotificationType.RESUME_READY, Channel.IN_APP) == {second.id}
    assert wants(people, NotificationType.RESUME_READY, Channel.MAIL) == set(people)
    assert wants(people, NotificationType.APPLICATION_RECEIVED, Channel.MAIL) == {second.id}
    assert wants(people, NotificationType.NEW_MESSAGE, Channel.MAIL) == set()
    assert wants(people, NotificationType.JOB_MATCH, Channel.DIGEST) == set(people)
    assert wants([], NotificationType.RESUME_READY, Channel.MAIL) == set()


def test_many_people_are_asked_about_in_one_query(app: APIFlask, count_queries: Callable[[], object]) -> None:
    with count_queries() as statements:  # type: ignore[attr-defined]
        found = wants(range(1, 5001), NotificationType.JOB_MATCH, Channel.DIGEST)

    assert len(found) == 5000
    assert len(statements) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"preferences": {"ACCOUNT_SECURITY": {"mail": False}}}, "preferences.ACCOUNT_SECURITY.[key]"),
        ({"preferences": {"NEW_MESSAGE": {"pigeon": True}}}, "preferences.NEW_MESSAGE.pigeon.[key]"),
        ({"preferences": {"NEW_MESSAGE": {"mail": "yes"}}}, "preferences.NEW_MESSAGE.mail"),
        ({"preferences": {"PAYMENT_SUCCEEDED": {"mail": False}}}, "preferences.PAYMENT_SUCCEEDED.mail"),
        ({"preferences": {"NEW_MESSAGE": {"in_app": False, "mail": True}}}, "preferences.NEW_MESSAGE.mail"),
        ({"preferences": {"RESUME_READY": {"digest": True}}}, "preferences.RESUME_READY.digest"),
        ({"preferences": []}, "preferences"),
        ({}, "preferences"),
        ({"preferences": {}, "user_id": 1}, "user_id"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_changes_nothing(sign_in: SignIn, body: dict[str, object], field: str) -> None:
    answer = sign_in(CandidateFactory()).patch(PREFERENCES, json=body)

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])
    assert db.session.scalar(select(func.count()).select_from(NotificationPreference)) == 0


def test_an_unwanted_notification_is_neither_made_nor_counted(sign_in: SignIn) -> None:
    user = CandidateFactory()
    caller = sign_in(user)
    choose(caller, NEW_MESSAGE={"in_app": False})

    unwanted = service.deliver(News(user.id, NotificationType.NEW_MESSAGE, "Tin nhắn", "Xin chào"))
    wanted = service.deliver(News(user.id, NotificationType.RESUME_READY, "PDF", "Xong"))
    db.session.commit()

    assert unwanted is None and wanted is not None
    assert list(db.session.scalars(select(Notification.id).where(Notification.user_id == user.id))) == [wanted.id]
    assert caller.get("/api/v1/notifications/unread-count/").json == {"count": 1}


def test_unwanted_mails_about_applications_are_not_written(sign_in: SignIn) -> None:
    application = ApplicationFactory()
    candidate, recruiter = application.candidate, application.company.owner
    interview = interviews.schedule(recruiter, application.id, {"interview_date": now() + timedelta(days=2)})
    event = db.session.scalars(events_of(application)).all()[-1]
    before = [
        letters.received(application.id),
        letters.status_changed(event.id),
        letters.invitation(interview.id, interview.sequence),
        letters.reminder(interview.id, interview.sequence),
    ]
    off = {"mail": False}

    choose(sign_in(recruiter), APPLICATION_RECEIVED=off)
    choose(sign_in(candidate), APPLICATION_STATUS_CHANGED=off, INTERVIEW_SCHEDULED=off, INTERVIEW_REMINDER=off)

    assert None not in before
    assert letters.received(application.id) is None
    assert letters.status_changed(event.id) is None
    assert letters.invitation(interview.id, interview.sequence) is None
    assert letters.reminder(interview.id, interview.sequence) is None
    assert letters.is_reminder_due(interview.id, interview.sequence)


def test_mails_about_the_accounts_security_go_out_whatever_was_chosen(sign_in: SignIn) -> None:
    user = CandidateFactory()
    everything = {kind.value: {"mail": False, "in_app": False, "digest": False} for kind in NotificationType}
    del everything["PAYMENT_SUCCEEDED"]["mail"]
    choose(sign_in(user), **everything)

    letter = account_letters.password_reset(user.id)

    assert letter is not None
    assert letter.to.address == user.email
    assert account_letters.verification(user.id) is not None
