"""A year of chats and notifications that agree with every counter, mark and rule of the features that own them."""

from collections.abc import Iterator

import pytest
from apiflask import APIFlask
from click.testing import Result
from sqlalchemy import text

from app import create_app
from app.core.clock import now
from app.core.partitions import Month, list_partitions
from app.core.time_ids import first_id_of
from app.core.unit_of_work import unit_of_work
from app.demo.chats import Talks, bounds
from app.extensions import db
from app.messaging import service as chats
from app.notifications import service as notifications
from tests.conftest import cloned, settings_for
from tests.factories import CandidateFactory

MESSAGES, NOTIFICATIONS = 6000, 4000


@pytest.fixture(scope="module")
def loaded(template_database: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[APIFlask, Result]]:
    """The application on a board with chats, and what the command said; read only."""
    with cloned(template_database, "chats") as url:
        made = create_app(settings_for(url, worker_number, tmp_path_factory.mktemp("storage")))
        yield made, load(made, "--jobs", "30", "--messages", str(MESSAGES), "--notifications", str(NOTIFICATIONS))
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


def load(app: APIFlask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["demo", "load", *arguments])


def number(app: APIFlask, query: str) -> int:
    with app.app_context():
        return int(db.session.execute(text(query)).scalar_one())


def test_it_fills_the_year_up_to_now(loaded: tuple[APIFlask, Result]) -> None:
    app, said = loaded
    first = Month.of(now()).plus(-11)

    with app.app_context():
        by_month = db.session.execute(text("SELECT tableoid::regclass::text, count(*) FROM messages GROUP BY 1 ORDER BY 1")).all()
        newest = db.session.execute(text("SELECT max(id) FROM messages")).scalar_one()

    assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, f"{MESSAGES} messages and {NOTIFICATIONS} notifications were loaded.")
    assert by_month[0][0] == first.name("messages")
    assert len(by_month) in {11, 12}
    assert sum(count for _, count in by_month) == MESSAGES
    assert number(app, "SELECT count(*) FROM notifications") == NOTIFICATIONS
    assert newest < first_id_of(now())


@pytest.mark.parametrize(
    "contradiction",
    [
        "conversation_participants p WHERE unread <> (SELECT count(*) FROM messages m WHERE m.conversation_id = p.conversation_id"
        " AND m.sender_id <> p.user_id AND m.id > p.read_up_to)",
        "conversation_participants p JOIN conversations c ON c.id = conversation_id WHERE p.last_message_id <> c.last_message_id",
        "conversations c WHERE last_message_id IS DISTINCT FROM (SELECT max(id) FROM messages m WHERE m.conversation_id = c.id)",
        "conversations c JOIN messages m ON m.conversation_id = c.id WHERE m.created_at < c.created_at",
        "conversations c JOIN messages m ON m.conversation_id = c.id WHERE m.sender_id NOT IN (low_user_id, high_user_id)",
        "conversations c WHERE NOT EXISTS (SELECT 1 FROM applications a JOIN companies k ON k.id = a.company_id WHERE a.job_id = c.job_id"
        " AND low_user_id = least(a.candidate_id, k.owner_id) AND high_user_id = greatest(a.candidate_id, k.owner_id))",
        "inboxes i WHERE unread <> (SELECT count(*) FROM notifications n WHERE n.user_id = i.user_id AND n.id > i.read_up_to)",
        "job_counters j WHERE applications <> (SELECT count(*) FROM applications a WHERE a.job_id = j.job_id)",
    ],
)
def test_nothing_contradicts_a_counter_or_a_rule(loaded: tuple[APIFlask, Result], contradiction: str) -> None:
    app, _ = loaded

    assert number(app, f"SELECT count(*) FROM {contradiction}") == 0


def test_it_is_as_uneven_as_people_are(loaded: tuple[APIFlask, Result]) -> None:
    app, _ = loaded
    lengths = "(SELECT count(*) AS length FROM messages GROUP BY conversation_id) talks"

    assert number(app, f"SELECT max(length) FROM {lengths}") > 2 * number(app, f"SELECT avg(length) FROM {lengths}")
    assert 0 < number(app, "SELECT sum(unread) FROM conversation_participants") < MESSAGES // 10
    assert 0 < number(app, "SELECT sum(unread) FROM inboxes") < NOTIFICATIONS // 4
    assert number(app, "SELECT count(DISTINCT content) FROM messages") > 1000


def test_what_was_loaded_can_be_read_and_gone_on_with(loaded: tuple[APIFlask, Result]) -> None:
    app, _ = loaded

    with app.app_context():
        user_id = db.session.execute(text("SELECT user_id FROM conversation_participants WHERE last_message_id > 0 LIMIT 1")).scalar_one()
        [talk, *_], _ = chats.list_conversations(user_id, limit=5, offset=0)
        page = chats.list_messages(talk, before_id=2**53 - 1, limit=100, offset=0)
        told = notifications.list_notifications(user_id, before_id=2**53 - 1, limit=5, offset=0, unread_only=False)

        assert page[0].id == talk.last_message_id
        assert [row.id for row in told] == sorted((row.id for row in told), reverse=True)


def test_a_second_load_is_refused_and_changes_nothing(loaded: tuple[APIFlask, Result]) -> None:
    app, _ = loaded

    again = load(app, "--messages", "10")

    assert (again.exit_code, "Chats go into a board without any" in again.output) == (1, True)
    assert number(app, "SELECT count(*) FROM messages") == MESSAGES


def test_chats_come_into_a_board_that_has_jobs_and_people_already(committed_app: APIFlask) -> None:
    load(committed_app, "--jobs", "5")
    with committed_app.app_context(), unit_of_work():
        CandidateFactory(email="mine@example.com")

    said = load(committed_app, "--messages", "40")

    assert said.exit_code == 0, said.output
    assert number(committed_app, "SELECT count(*) FROM messages") == 40
    assert number(committed_app, "SELECT count(*) FROM users WHERE email = 'mine@example.com'") == 1


def test_a_load_that_fails_leaves_no_month_and_no_row(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Talks, "unread", lambda *_: 1 / 0)
    with committed_app.app_context():
        before = list_partitions("messages")

    said = load(committed_app, "--jobs", "5", "--messages", "40")

    assert said.exit_code == 1
    assert [number(committed_app, f"SELECT count(*) FROM {table}") for table in ("messages", "users", "jobs")] == [0, 0, 0]
    with committed_app.app_context():
        assert list_partitions("messages") == before


def test_each_row_is_in_the_span_of_its_month() -> None:
    edges = [250, 500, 10_000]

    spans = bounds(100, 0, 1000, edges)

    assert [(span.first, span.last) for span in spans] == [(0, 25), (25, 50), (50, 100), (100, 100)]
    assert [list(span.ids())[:2] for span in spans] == [[0, 10], [250, 260], [500, 510], []]
