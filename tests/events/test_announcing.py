"""What changes announce: to whom, once, in the order of the commits, and only if they commit."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.core.auth import Role
from app.core.clock import now
from app.core.time_ids import first_id_of, time_of
from app.core.unit_of_work import unit_of_work
from app.events.models import EventHead, UserEvent
from app.events.pending import Event
from app.events.service import announce, announce_unread, purge_old
from app.extensions import db
from app.notifications import service as notifications
from app.notifications.models import NotificationType
from app.notifications.service import News
from tests.factories import ApplicationFactory, CandidateFactory

SignIn = Callable[[User], FlaskClient]


def told(user_id: int) -> list[tuple[str, dict[str, Any]]]:
    """The events of a person, oldest first."""
    rows = db.session.execute(select(UserEvent.type, UserEvent.data).where(UserEvent.user_id == user_id).order_by(UserEvent.id))
    return [(row.type, row.data) for row in rows]


def news(user_id: int) -> News:
    return News(user_id, NotificationType.RESUME_READY, "PDF", "Xong", link="/resumes/1")


@pytest.fixture
def pair(app: APIFlask) -> tuple[User, User, int]:
    """A candidate, a recruiter, and their application's id."""
    application = ApplicationFactory()
    return application.candidate, application.company.owner, application.id


def test_a_notification_is_told_as_the_list_shows_it_with_the_counts_after_it(sign_in: SignIn) -> None:
    user = CandidateFactory()
    caller = sign_in(user)

    notifications.deliver(news(user.id))
    db.session.commit()

    (shown,) = caller.get("/api/v1/notifications/").json["results"]
    assert told(user.id) == [("notification", shown), ("unread", {"notifications": 1, "messages": 0})]


def test_reading_is_told_to_the_readers_other_pages_once(sign_in: SignIn) -> None:
    user = CandidateFactory()
    caller = sign_in(user)
    first, _ = notifications.deliver(news(user.id)), notifications.deliver(news(user.id))
    db.session.commit()
    assert first is not None
    before = len(told(user.id))

    for _ in range(2):
        caller.post(f"/api/v1/notifications/{first.id}/mark-read/")
    caller.post("/api/v1/notifications/mark-all-read/")

    read, counted, all_read, counted_again = told(user.id)[before:]
    assert read == ("notification_read", {"id": first.id})
    assert counted == ("unread", {"notifications": 1, "messages": 0})
    assert all_read[0] == "notifications_read" and all_read[1]["up_to"] > first.id
    assert counted_again == ("unread", {"notifications": 0, "messages": 0})


def test_a_message_is_told_to_both_and_counted_for_the_other_side(sign_in: SignIn, pair: tuple[User, User, int]) -> None:
    candidate, recruiter, application_id = pair
    writer = sign_in(candidate)

    chat = writer.post("/api/v1/chats/conversations/", json={"application_id": application_id}).json["id"]
    message = writer.post(f"/api/v1/chats/conversations/{chat}/messages/", json={"message": "Xin chào\nid: 7"}).json

    assert told(candidate.id) == [("message", message)]
    assert told(recruiter.id) == [("message", message), ("unread", {"notifications": 0, "messages": 1})]


def test_a_read_conversation_is_told_to_both_once(sign_in: SignIn, pair: tuple[User, User, int]) -> None:
    candidate, recruiter, application_id = pair
    opened = sign_in(candidate).post("/api/v1/chats/conversations/", json={"application_id": application_id, "message": "Xin chào"}).json
    reader = sign_in(recruiter)

    for _ in range(2):
        reader.post(f"/api/v1/chats/conversations/{opened['id']}/read/", json={})

    mark = {"conversation": opened["id"], "user_id": recruiter.id, "up_to": opened["last_message"]["id"]}
    assert told(candidate.id)[1:] == [("conversation_read", mark)]
    assert told(recruiter.id)[2:] == [("conversation_read", mark), ("unread", {"notifications": 0, "messages": 0})]


def test_hiding_a_conversation_tells_the_other_side_nothing_but_what_was_read(sign_in: SignIn, pair: tuple[User, User, int]) -> None:
    candidate, recruiter, application_id = pair
    chat = sign_in(candidate).post("/api/v1/chats/conversations/", json={"application_id": application_id, "message": "Xin chào"}).json["id"]
    reader = sign_in(recruiter)

    for _ in range(2):
        reader.delete(f"/api/v1/chats/conversations/{chat}/")

    assert [name for name, _ in told(candidate.id)] == ["message", "conversation_read"]


def test_nobody_else_is_told(sign_in: SignIn, pair: tuple[User, User, int]) -> None:
    candidate, recruiter, application_id = pair

    sign_in(candidate).post("/api/v1/chats/conversations/", json={"application_id": application_id, "message": "Xin chào"})

    assert set(db.session.scalars(select(UserEvent.user_id))) == {candidate.id, recruiter.id}


def test_what_is_rolled_back_is_not_announced(app: APIFlask) -> None:
    user = CandidateFactory()
    db.session.commit()

    with pytest.raises(RuntimeError), unit_of_work():
        notifications.deliver(news(user.id))
        raise RuntimeError
    with unit_of_work():
        announce([Event(user.id, "later", {})])

    assert told(user.id) == [("later", {})]


def test_a_savepoint_takes_only_its_own_announcements_back(app: APIFlask) -> None:
    user = CandidateFactory()
    other = CandidateFactory()
    db.session.flush()

    with unit_of_work():
        announce([Event(user.id, "before", {})])
        with db.session.begin_nested():
            announce([Event(user.id, "kept", {})])
        with pytest.raises(IntegrityError), db.session.begin_nested():
            with db.session.begin_nested():
                announce([Event(user.id, "undone", {})])
            db.session.add(User(email=other.email, full_name="Twin", password_hash="x", user_type=Role.CANDIDATE))
            db.session.flush()
        announce([Event(user.id, "after", {})])

    assert [name for name, _ in told(user.id)] == ["before", "kept", "after"]


def test_ids_ascend_and_tell_their_time_also_when_the_clock_lags(app: APIFlask) -> None:
    user = CandidateFactory()
    started = now()

    for number in range(3):
        announce([Event(user.id, "event", {"number": [number, part]}) for part in range(2)])
        announce_unread(user.id)
        db.session.commit()
        db.session.execute(update(EventHead).values(last_id=EventHead.last_id + 5_000_000_000))
        db.session.commit()

    rows = db.session.execute(select(UserEvent.id, UserEvent.type, UserEvent.data).order_by(UserEvent.id)).all()
    assert [row.data["number"] for row in rows if row.type == "event"] == [[n, p] for n in range(3) for p in range(2)]
    assert [row.type for row in rows] == ["event", "event", "unread"] * 3
    assert abs(time_of(rows[0].id) - started).total_seconds() < 5
    head = db.session.scalars(select(EventHead.last_id)).one()
    assert head == rows[-1].id + 5_000_000_000


def test_counts_are_exact_and_ids_follow_the_commits_when_many_write_at_once(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user_id = CandidateFactory().id
        db.session.commit()

    def deliver() -> None:
        with committed_app.app_context():
            for _ in range(5):
                with unit_of_work():
                    notifications.deliver(news(user_id))

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with committed_app.app_context():
        counts = [data["notifications"] for name, data in told(user_id) if name == "unread"]
        assert counts == list(range(1, 21))


def test_a_commit_wakes_whoever_listens_with_the_people_it_names(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        people = [CandidateFactory().id for _ in range(2)]
        db.session.commit()
        with db.engine.connect() as connection:
            listening = connection.execution_options(isolation_level="AUTOCOMMIT")
            listening.execute(text("LISTEN events"))
            with unit_of_work():
                announce([Event(found, "event", {}) for found in reversed(people)])
            heard = list(listening.connection.driver_connection.notifies(timeout=5, stop_after=1))  # type: ignore[union-attr]

    assert [notice.payload for notice in heard] == [f"{people[0]},{people[1]}"]


def test_more_people_than_a_notification_can_name_are_anybody(app: APIFlask, count_queries: Callable[[], Any]) -> None:
    db.session.add_all([User(email=f"{n}@x.vn", full_name="N", password_hash="x", user_type=Role.CANDIDATE) for n in range(301)])
    db.session.commit()
    people = list(db.session.scalars(select(User.id)))

    with count_queries() as statements:
        announce(Event(found, "event", {}) for found in people)
        db.session.commit()

    assert len(people) == 301 and len(statements) == 2
    assert len(list(db.session.scalars(select(UserEvent.id)))) == 301


def test_events_of_yesterday_are_purged_and_todays_stay(app: APIFlask) -> None:
    user = CandidateFactory()
    announce([Event(user.id, "today", {})])
    db.session.commit()
    db.session.add(UserEvent(user_id=user.id, id=first_id_of(now()) - (25 * 3600 * 1000 << 12), type="yesterday", data={}))
    db.session.flush()

    assert [purge_old(), purge_old()] == [1, 0]
    assert told(user.id) == [("today", {})]
