"""Monthly partitions: made ahead by beat, so that no month begins without one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import partitions
from app.core.clock import now
from app.core.partitions import MONTHS_AHEAD, PARTITIONED, Month, list_partitions, months_left
from app.core.time_ids import first_id_of, time_of
from app.extensions import db
from tasks import maintenance

LATER = datetime(2041, 11, 30, 23, 59, tzinfo=UTC)
MONTHS = ("2041_11", "2041_12", "2042_01", "2042_02", "2042_03", "2042_04", "2042_05")


@pytest.mark.parametrize("table", PARTITIONED)
def test_the_present_month_and_six_ahead_get_a_partition(app: APIFlask, table: str) -> None:
    partitions.ensure(LATER)

    assert list_partitions(table)[-7:] == [f"{table}_p{month}" for month in MONTHS]
    assert months_left(table, LATER) == MONTHS_AHEAD


def test_making_them_again_changes_nothing(app: APIFlask) -> None:
    partitions.ensure(LATER)
    made = list_partitions("messages")

    partitions.ensure(LATER)

    assert list_partitions("messages") == made


def test_a_month_without_a_partition_stores_nothing_until_the_task_has_run(app: APIFlask) -> None:
    after_all = Month.of(now()).plus(MONTHS_AHEAD + 1).start
    insert = text("INSERT INTO messages (id, created_at, conversation_id, sender_id, content) VALUES (:id, :moment, 1, 1, '')")
    row = {"id": first_id_of(after_all), "moment": after_all}
    with pytest.raises(IntegrityError, match="no partition"), db.session.begin_nested():
        db.session.execute(insert, row)

    partitions.ensure(after_all)

    assert db.session.execute(insert, row).rowcount == 1


def test_beat_makes_those_of_today(app: APIFlask) -> None:
    newest = list_partitions("messages")[-1]
    db.session.execute(text(f"DROP TABLE {newest}"))

    maintenance.make_partitions.run()

    assert list_partitions("messages")[-1] == Month.of(now()).plus(MONTHS_AHEAD).name("messages")


def test_months_are_made_while_others_read_and_write(committed_app: APIFlask) -> None:
    with committed_app.app_context(), db.engine.connect() as other:
        other.execute(text("INSERT INTO messages VALUES (:id, :moment, 1, 1, '', NULL)"), _row(now()))
        other.execute(text("SELECT count(*) FROM notifications"))
        db.session.execute(text("SET LOCAL lock_timeout = '500ms'"))

        partitions.ensure(now(), months_ahead=MONTHS_AHEAD + 1)
        db.session.commit()

        assert months_left("messages", now()) == MONTHS_AHEAD + 1


def test_a_gap_is_where_readiness_ends(app: APIFlask) -> None:
    db.session.execute(text(f"DROP TABLE {Month.of(now()).plus(3).name('messages')}"))

    assert (months_left("messages", now()), months_left("notifications", now())) == (2, MONTHS_AHEAD)


@pytest.mark.parametrize("table", PARTITIONED)
def test_the_database_refuses_an_id_in_another_month_than_its_own(app: APIFlask, table: str) -> None:
    owner, columns = ("sender_id", "conversation_id, content") if table == "messages" else ("user_id", "type, title, message")
    values = ", ".join(["1" if name.endswith("_id") else "''" for name in columns.split(", ")])
    insert = text(f"INSERT INTO {table} (id, created_at, {owner}, {columns}) VALUES (:id, :moment, 1, {values})")
    here = _row(now())
    db.session.execute(insert, here)

    with pytest.raises(IntegrityError, match=f"ck_{table}_id_tells_time"), db.session.begin_nested():
        db.session.execute(insert, {"id": here["id"], "moment": Month.of(now()).plus(1).start})
    with pytest.raises(IntegrityError, match="pkey"), db.session.begin_nested():
        db.session.execute(insert, here)


def _row(moment: datetime) -> dict[str, object]:
    return {"id": first_id_of(moment), "moment": time_of(first_id_of(moment))}


def test_a_month_begins_at_midnight_in_utc() -> None:
    new_year_in_hanoi = datetime(2027, 1, 1, 6, tzinfo=timezone(timedelta(hours=7)))

    assert Month.of(new_year_in_hanoi) == Month(2026, 12)
    assert Month(2026, 12).plus(1).start == datetime(2027, 1, 1, tzinfo=UTC)
    assert Month(2027, 1).plus(-1) == Month(2026, 12)


def test_the_metrics_tell_how_many_months_are_ready(client: FlaskClient) -> None:
    exposed = client.get("/metrics").text

    assert f'jobboard_partition_months_left{{table="messages"}} {float(MONTHS_AHEAD)}' in exposed
