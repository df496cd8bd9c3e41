"""What people see once a month of messages and notifications has left: exact counters, pages that end, no attachment that is left over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.accounts import sessions
from app.accounts.models import User
from app.core import storage
from app.core.partition_leaving import Stage
from app.core.partition_retention import retire
from app.core.storage import StoredFile
from app.core.time_ids import first_id_of
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.messaging import retention
from app.messaging import service as chats
from app.messaging.models import Conversation, Participant
from app.notifications import service as notifications
from tests.conftest import Caller
from tests.factories import ApplicationFactory
from tests.months import add_past, in_month, past, read_mark, tell, write

CHATS = "/api/v1/chats/conversations/"
Reach = Callable[[User], FlaskClient]


@pytest.fixture
def app(committed_app: APIFlask) -> Iterator[APIFlask]:
    """An open context on a database in which three past months have partitions."""
    with committed_app.app_context():
        with unit_of_work():
            add_past(3)
        yield committed_app


@pytest.fixture
def chat(app: APIFlask) -> Conversation:
    """A conversation with six messages, two a month: one of the candidate, one of the recruiter."""
    with unit_of_work():
        application = ApplicationFactory()
        opened = chats.open_about_application(application.candidate, application.id).conversation
        for months in (3, 2, 1):
            for number, side in enumerate((application.candidate, application.company.owner)):
                write(opened, side.id, in_month(past(months), number), f"{months}-{number}")
    return opened


@pytest.fixture
def reach(app: APIFlask) -> Reach:
    def signed_in(user: User) -> FlaskClient:
        with unit_of_work():
            access = sessions.open_session(user).access
        app.test_client_class = Caller
        caller = app.test_client(use_cookies=False)
        caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {access}"
        return caller

    return signed_in


def leave(*months: int, until: Stage = Stage.DETACHED) -> None:
    for number in months:
        for table in ("messages", "notifications"):
            retire(past(number).name(table), until)


def last_id_of(months: int) -> int:
    return first_id_of(past(months - 1).start) - 1


def test_messages_that_left_are_no_longer_unread(chat: Conversation) -> None:
    candidate, recruiter = chat.low_user_id, chat.high_user_id
    before = [read_mark(chat, candidate), read_mark(chat, recruiter)]
    db.session.rollback()

    leave(3)
    after_one = [read_mark(chat, candidate), read_mark(chat, recruiter)]
    leave(2, 1)

    assert before == [(3, 0), (3, 0)]
    assert after_one == [(2, last_id_of(3))] * 2
    assert [read_mark(chat, candidate), read_mark(chat, recruiter)] == [(0, last_id_of(1))] * 2


def test_who_has_read_further_keeps_the_mark_and_the_count(chat: Conversation) -> None:
    reader = chat.participants[0].user_id
    with unit_of_work():
        side = db.session.get_one(Participant, (chat.id, reader))
        side.read_up_to, side.unread = first_id_of(in_month(past(2), 5)), 1

    leave(3)

    assert read_mark(chat, reader) == (1, first_id_of(in_month(past(2), 5)))


def test_counting_anew_a_second_time_changes_nothing(chat: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    with unit_of_work():
        others = [chats.open_about_application(made.candidate, made.id).conversation for made in (ApplicationFactory() for _ in range(3))]
        for number, other in enumerate(others):
            write(other, other.low_user_id, in_month(past(3), 10 + number))
            write(other, other.low_user_id, in_month(past(1), 10 + number))
    leave(3)
    counted = db.session.execute(text("SELECT * FROM conversation_participants ORDER BY 1, 2")).all()

    place: int | None = 0
    while place is not None:
        with unit_of_work():
            place = retention.uncount(past(3).name("messages"), place)

    assert db.session.execute(text("SELECT * FROM conversation_participants ORDER BY 1, 2")).all() == counted
    assert sorted(row.unread for row in counted) == [0, 0, 0, 1, 1, 1, 2, 2]


def test_notifications_that_left_are_no_longer_unread(app: APIFlask) -> None:
    with unit_of_work():
        user = ApplicationFactory().candidate
        old, read, _ = tell(user.id, in_month(past(3))), tell(user.id, in_month(past(2))), tell(user.id, in_month(past(1)))
        notifications.mark_read(user.id, read.id)
        gone = old.id

    leave(3)
    after_one = notifications.get_inbox(user.id).unread
    leave(2)

    assert (after_one, notifications.get_inbox(user.id).unread, notifications.get_inbox(user.id).read_up_to) == (1, 1, last_id_of(2))
    assert gone not in [row.id for row in notifications.list_notifications(user.id, before_id=2**53 - 1, limit=9, offset=0, unread_only=False)]


def test_a_page_that_was_begun_ends_where_the_months_end(chat: Conversation, reach: Reach) -> None:
    caller = reach(db.session.get_one(User, chat.low_user_id))
    first = caller.get(f"{CHATS}{chat.id}/messages/?limit=3").json
    leave(3)
    second = caller.get(first["next"]).json
    leave(2)
    third = caller.get(first["next"])

    assert [row["content"] for row in first["results"]] == ["1-1", "1-0", "2-1"]
    assert ([row["content"] for row in second["results"]], second["next"]) == (["2-0"], None)
    assert (third.status_code, third.json) == (200, {"next": None, "previous": None, "results": []})


def test_a_conversation_all_of_whose_messages_left_is_still_there_to_go_on(chat: Conversation, reach: Reach) -> None:
    caller = reach(db.session.get_one(User, chat.low_user_id))
    leave(3, 2, 1, until=Stage.DROPPED)

    shown = caller.get(f"{CHATS}{chat.id}/").json
    pages = caller.get(f"{CHATS}{chat.id}/messages/").json
    posted = caller.post(f"{CHATS}{chat.id}/messages/", json={"message": "còn đó không?"})

    assert (shown["last_message"], shown["unread_count"], pages["results"]) == (None, 0, [])
    assert caller.get(CHATS).json["results"][0]["last_message"]["id"] == posted.json["id"]


def test_attachments_go_with_the_drop_and_not_before(chat: Conversation, app: APIFlask, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    with unit_of_work():
        sender = chat.low_user_id
        files = [storage.save(b"x", folder="messages", name=f"{n}.txt", content_type="text/plain", owner_id=sender) for n in range(6)]
        going = [write(chat, sender, in_month(past(3), 10 + n), attachment_id=file.id).id for n, file in enumerate(files[:5])]
        kept = write(chat, sender, in_month(past(2), 20), attachment_id=files[5].id).id
    folder = Path(app.config["STORAGE_URL"].removeprefix("file://")) / "messages"
    caller = reach(db.session.get_one(User, sender))

    leave(3, until=Stage.ARCHIVED)
    archived = len(list(folder.iterdir()))
    leave(3, until=Stage.DROPPED)

    assert (archived, len(list(folder.iterdir()))) == (6, 1)
    assert db.session.scalars(select(StoredFile.name)).all() == ["5.txt"]
    assert [caller.get(f"/api/v1/media/message/{number}/").status_code for number in (*going, kept)] == [404] * 5 + [200]
