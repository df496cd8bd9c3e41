"""A page reads the months it needs and no others, by what PostgreSQL says of the statements that the services really send."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from app.core.partitions import MONTHS_AHEAD, is_partition
from app.core.time_ids import LARGEST
from app.extensions import db
from app.messaging import service as chats
from app.messaging.models import Conversation
from app.notifications import service as notifications
from tests.factories import ApplicationFactory, CandidateFactory
from tests.months import add_past, in_month, past, tell, write

Sent = tuple[str, Any]


@pytest.fixture
def explain(app: APIFlask) -> Callable[[Callable[[], object]], dict[str, bool]]:
    """The partitions in the plans of what a call reads, and whether each was looked into."""

    def explained(call: Callable[[], object]) -> dict[str, bool]:
        sent: list[Sent] = []

        def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
            if statement.startswith("SELECT"):
                sent.append((statement, parameters))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        found: dict[str, bool] = {}
        for statement, parameters in sent:
            plan = db.session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            for name, executed in scans(plan if isinstance(plan, list) else json.loads(plan)):
                found[name] = found.get(name, False) or executed
        return found

    return explained


def scans(node: Any) -> Iterator[tuple[str, bool]]:
    """The partitions that a plan scans, and whether it came to that."""
    if isinstance(node, list):
        for part in node:
            yield from scans(part)
    elif isinstance(node, dict):
        if is_partition(node.get("Relation Name", "")):
            yield node["Relation Name"], node["Actual Loops"] > 0
        for part in node.values():
            yield from scans(part)


def names(table: str, months: range) -> set[str]:
    return {past(number).name(table) for number in months}


@pytest.fixture
def chat(app: APIFlask) -> Conversation:
    """A conversation that began five months ago, with 30 messages a month, in a database that holds twelve."""
    add_past(12)
    application = ApplicationFactory()
    opened = chats.open_about_application(application.candidate, application.id).conversation
    for months in range(5, 0, -1):
        for number in range(30):
            write(opened, application.candidate_id, in_month(past(months), number))
    return opened


def test_the_first_page_of_a_conversation_looks_into_its_last_month_only(chat: Conversation, explain: Any) -> None:
    planned = explain(lambda: chats.list_messages(chat, before_id=LARGEST, limit=20, offset=0))

    assert {name for name, looked in planned.items() if looked} == names("messages", range(1, 2))
    assert set(planned) == names("messages", range(1, 6))


def test_a_page_by_cursor_leaves_later_and_earlier_months_alone(chat: Conversation, explain: Any) -> None:
    before = chats.list_messages(chat, before_id=LARGEST, limit=75, offset=0)[74].id

    planned = explain(lambda: chats.list_messages(chat, before_id=before, limit=20, offset=0))

    assert set(planned) == names("messages", range(3, 6))
    assert {name for name, looked in planned.items() if looked} == names("messages", range(3, 5))


def test_the_last_messages_of_a_list_are_found_in_their_months_only(chat: Conversation, explain: Any) -> None:
    planned = explain(lambda: chats.last_messages([chat]))

    assert planned == {past(1).name("messages"): True}


def test_an_attachment_is_looked_for_in_its_month_only(chat: Conversation, explain: Any) -> None:
    message = chats.list_messages(chat, before_id=LARGEST, limit=75, offset=0)[74]

    with pytest.raises(chats.ConversationNotFound):
        chats.get_attachment(chat.low_user_id, message.id)

    def look() -> None:
        with pytest.raises(chats.ConversationNotFound):
            chats.get_attachment(chat.low_user_id, message.id)

    assert set(explain(look)) == names("messages", range(3, 4))


@pytest.fixture
def reader_id(app: APIFlask) -> int:
    """Somebody with 30 notifications a month for five months, in a database that holds twelve."""
    add_past(12)
    user_id: int = CandidateFactory().id
    for months in range(5, 0, -1):
        for number in range(30):
            tell(user_id, in_month(past(months), number))
    return user_id


def listed(user_id: int, before_id: int = LARGEST, unread_only: bool = False) -> Any:
    return notifications.list_notifications(user_id, before_id=before_id, limit=20, offset=0, unread_only=unread_only)


def test_the_first_page_of_notifications_ends_with_the_month_that_fills_it(reader_id: int, explain: Any) -> None:
    planned = explain(lambda: listed(reader_id))

    # The months ahead are empty; the first that holds anything fills the page.
    assert {name for name, looked in planned.items() if looked} <= names("notifications", range(-MONTHS_AHEAD, 2))


def test_notifications_by_cursor_leave_later_and_earlier_months_alone(reader_id: int, explain: Any) -> None:
    before = listed(reader_id, listed(reader_id, listed(reader_id)[19].id)[19].id)[10].id

    planned = explain(lambda: listed(reader_id, before))

    assert not set(planned) & names("notifications", range(-MONTHS_AHEAD, 2))
    assert {name for name, looked in planned.items() if looked} == names("notifications", range(2, 4))


def test_unread_notifications_stop_at_what_was_read(reader_id: int, explain: Any) -> None:
    inbox = notifications.lock_inbox(reader_id)
    inbox.read_up_to = listed(reader_id)[-1].id
    db.session.flush()

    planned = explain(lambda: listed(reader_id, unread_only=True))

    assert not set(planned) & names("notifications", range(2, 13))


def test_marking_one_as_read_looks_into_its_month_only(reader_id: int, explain: Any) -> None:
    oldest = listed(reader_id)[-1].id

    planned = explain(lambda: notifications.mark_read(reader_id, oldest))

    assert set(planned) == names("notifications", range(1, 2))
