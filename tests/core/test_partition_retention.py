"""Old months leave: detached, archived, read back, dropped; a kill at any point costs nothing but the time of a step."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from apiflask import APIFlask
from sqlalchemy import select, text

from app.core import partition_archive, partition_retention
from app.core.clock import now
from app.core.partition_archive import ArchivePart
from app.core.partition_files import ArchiveDamaged
from app.core.partition_leaving import PartitionBusy, PartitionRefused, RetiredPartition, Stage, list_due
from app.core.partitions import list_partitions
from app.core.time_ids import first_id_of
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.messaging.models import Message
from tasks import base, maintenance
from tests.conftest import plain
from tests.months import add_past, in_month, past
from tests.sources import ROOT

ODD = 'dòng một\r\ndòng "hai", ba\t\\N\\. \U0001f4ce'
OLDEST = 16


class Killed(BaseException):
    """Ends a run as a kill would: nothing after it is done, what is open is rolled back."""


@pytest.fixture
def old(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """An open context, and a maker of past months with messages; archives come in parts of two rows."""
    monkeypatch.setattr(base, "flask_app", committed_app)
    monkeypatch.setattr(partition_archive, "PART_ROWS", 2)
    with committed_app.app_context():
        with unit_of_work():
            add_past(OLDEST)

        def made(months: int, texts: tuple[str, ...] = ("một", ODD, "", "bốn", "năm")) -> str:
            with unit_of_work():
                for number, content in enumerate(texts):
                    message_id = first_id_of(in_month(past(months), number))
                    values = {"id": message_id, "created_at": in_month(past(months), number), "conversation_id": 1, "sender_id": 2}
                    db.session.add(Message(**values, content=content, attachment_id=None))
            return past(months).name("messages")

        yield made


def stage_of(name: str) -> str | None:
    db.session.rollback()
    found: str | None = db.session.scalar(select(RetiredPartition.stage).where(RetiredPartition.name == name))
    return found


def exists(name: str) -> bool:
    return db.session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None


def stored(app: APIFlask) -> Path:
    return Path(app.config["STORAGE_URL"].removeprefix("file://"))


def test_a_dropped_month_can_be_brought_back_from_its_archive_to_the_byte(old: Callable[..., str], committed_app: APIFlask) -> None:
    name = old(OLDEST)
    before = db.session.execute(text(f"SELECT * FROM {name} ORDER BY id")).all()
    db.session.rollback()

    partition_retention.retire(name, Stage.DROPPED)

    manifest = json.loads((stored(committed_app) / partition_archive.folder(name) / "manifest.json").read_bytes())
    assert (exists(name), name in list_partitions("messages"), stage_of(name)) == (False, False, "DROPPED")
    assert (manifest["rows"], [part["rows"] for part in manifest["parts"]]) == (5, [2, 2, 1])
    db.session.execute(text("CREATE TABLE restored (LIKE messages)"))
    cursor = db.session.connection().connection.cursor()
    for part in manifest["parts"]:
        packed = (stored(committed_app) / part["key"]).read_bytes()
        assert (hashlib.sha256(packed).hexdigest(), len(packed)) == (part["sha256"], part["size"])
        with cursor.copy("COPY restored FROM STDIN WITH (FORMAT csv, HEADER)") as copy:  # type: ignore[attr-defined]
            copy.write(gzip.decompress(packed))
    assert db.session.execute(text("SELECT * FROM restored ORDER BY id")).all() == before


def test_the_settings_say_which_months_are_due(old: Callable[..., str], committed_app: APIFlask) -> None:
    committed_app.config.update(MESSAGE_RETENTION_MONTHS=14, NOTIFICATION_RETENTION_MONTHS=0)
    expected = [past(16).name("messages"), past(15).name("messages")]

    assert list_due(now()) == expected
    maintenance.retire_partitions()

    assert [stage_of(name) for name in expected] == ["DROPPED", "DROPPED"]
    assert (list_partitions("messages")[0], list_partitions("notifications")[0]) == (past(14).name("messages"), past(16).name("notifications"))


def test_nothing_leaves_by_default_that_is_younger_than_the_settings(old: Callable[..., str]) -> None:
    maintenance.retire_partitions()

    assert list_partitions("messages")[0] == past(OLDEST).name("messages")
    assert list_partitions("notifications")[0] == past(12).name("notifications")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_at_any_commit_is_taken_up_where_it_ended(old: Callable[..., str], monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    survived = 0
    for commits in range(1, OLDEST + 1):
        name = old(OLDEST - commits + 1)
        with monkeypatch.context() as patched:
            patched.setattr(partition_retention, "unit_of_work", killing(moment, commits))
            try:
                partition_retention.retire(name, Stage.DROPPED)
                survived = commits
            except Killed:
                db.session.remove()

        partition_retention.retire(name, Stage.DROPPED)

        parts = db.session.scalars(select(ArchivePart.rows).where(ArchivePart.partition == name).order_by(ArchivePart.number)).all()
        assert (exists(name), parts, stage_of(name)) == (False, [2, 2, 1], "DROPPED")
        partition_archive.verify_stored(name)
        if survived:
            break
    # The intention, the counters, detached, three parts, no more parts, archived, the attachments, dropped: ten places to die.
    assert survived == 11


def killing(moment: str, number: int) -> Callable[[], AbstractContextManager[None]]:
    """A unit of work whose process is killed at that commit, before or after it takes effect."""
    left = [number]

    @contextmanager
    def mortal() -> Iterator[None]:
        left[0] -= 1
        with unit_of_work():
            yield
            if moment == "before" and left[0] == 0:
                raise Killed
        if left[0] == 0:
            raise Killed

    return mortal


def test_a_detach_cut_short_is_finalised_by_the_next_run(old: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    name = old(OLDEST)
    monkeypatch.setattr(partition_retention, "_PATIENCE", "-c lock_timeout=200ms")
    with db.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM messages"))
        with pytest.raises(PartitionBusy, match=name):
            partition_retention.retire(name, Stage.DETACHED)
        pending = db.session.scalar(text("SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass(:name)"), {"name": name})
        db.session.rollback()

    partition_retention.retire(name, Stage.DETACHED)

    assert pending is True
    assert (exists(name), name in list_partitions("messages"), stage_of(name)) == (True, False, "DETACHED")


@pytest.mark.serial
def test_a_command_killed_while_it_waits_for_readers_is_taken_up(old: Callable[..., str], committed_app: APIFlask) -> None:
    name = old(OLDEST)
    url = plain(committed_app.config["DATABASE_URL"])
    environment = {**os.environ, "DATABASE_URL": url, "STORAGE_URL": committed_app.config["STORAGE_URL"], "ENVIRONMENT": "development"}
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'ALTER%DETACH%'"
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as observer:
        reader.execute("SELECT count(*) FROM messages")
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "partitions", "drop", name]
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not (found := observer.execute(waiting).fetchone()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert found is not None
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        observer.execute("SELECT pg_terminate_backend(%s, 5000)", found)

    partition_retention.retire(name, Stage.DROPPED)

    assert (exists(name), stage_of(name)) == (False, "DROPPED")
    assert sum(db.session.scalars(select(ArchivePart.rows))) == 5


def test_two_runs_do_not_work_at_once(old: Callable[..., str]) -> None:
    name = old(OLDEST)

    with partition_retention._alone(), pytest.raises(PartitionBusy, match="Another run"):
        partition_retention.retire(name, Stage.DROPPED)

    assert (exists(name), stage_of(name)) == (True, None)


def test_a_run_may_follow_upon_another_whose_connection_is_not_gone_yet(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    lingering: list[psycopg.Connection] = []
    with monkeypatch.context() as slow, committed_app.app_context():
        slow.setattr(psycopg.Connection, "close", lambda connection: lingering.append(connection))
        for _ in range(2):
            with partition_retention._alone():
                pass

    assert len(lingering) == 2
    for connection in lingering:
        connection.close()


@pytest.mark.parametrize("damage", ["cut", "altered", "lost"])
def test_a_month_whose_archive_is_damaged_is_not_dropped(old: Callable[..., str], committed_app: APIFlask, damage: str) -> None:
    name = old(OLDEST)
    committed_app.config["MESSAGE_RETENTION_MONTHS"] = OLDEST - 1
    partition_retention.retire(name, Stage.ARCHIVED)
    part = stored(committed_app) / partition_archive.folder(name) / "0002.csv.gz"
    packed = part.read_bytes()
    altered = gzip.compress(gzip.decompress(packed).replace("bốn".encode(), b"ban"))
    part.write_bytes({"cut": packed[:-9], "altered": altered, "lost": b""}[damage])
    if damage == "lost":
        part.unlink()

    maintenance.retire_partitions()

    assert (exists(name), stage_of(name)) == (True, "ARCHIVED")


def test_a_storage_that_is_away_is_told_and_tried_again(old: Callable[..., str], committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    name = old(OLDEST)
    committed_app.config["MESSAGE_RETENTION_MONTHS"] = OLDEST - 1
    with monkeypatch.context() as away:
        away.setattr(partition_archive, "write_part", raising(OSError("no space left")))
        maintenance.retire_partitions()
    stuck = stage_of(name)

    maintenance.retire_partitions()

    assert (stuck, stage_of(name), exists(name)) == ("DETACHED", "DROPPED", False)


def raising(error: Exception) -> Callable[..., object]:
    def call(*args: object) -> object:
        raise error

    return call


def test_what_the_storage_garbles_is_not_counted_as_archived(old: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    name = old(OLDEST)
    partition_retention.retire(name, Stage.DETACHED)
    real = partition_archive.write_part

    def garbling(*args: object) -> tuple[int, str]:
        rows, _ = real(*args)  # type: ignore[arg-type]
        return rows, "0" * 64

    monkeypatch.setattr(partition_archive, "write_part", garbling)

    with pytest.raises(ArchiveDamaged, match=r"0001\.csv\.gz"):
        partition_retention.retire(name, Stage.DROPPED)

    assert (exists(name), stage_of(name), db.session.scalars(select(ArchivePart)).all()) == (True, "DETACHED", [])


def test_a_row_that_came_after_the_archive_keeps_the_table(old: Callable[..., str]) -> None:
    name = old(OLDEST)
    partition_retention.retire(name, Stage.ARCHIVED)
    with unit_of_work():
        late = "(id, created_at, conversation_id, sender_id, content) SELECT id + 1, created_at, 1, 2, 'muộn'"
        db.session.execute(text(f"INSERT INTO {name} {late} FROM {name} LIMIT 1"))

    with pytest.raises(ArchiveDamaged, match="6 rows, its archive 5"):
        partition_retention.retire(name, Stage.DROPPED)

    assert (exists(name), stage_of(name)) == (True, "ARCHIVED")


@pytest.mark.parametrize(
    ("months", "reason"), [(OLDEST - 1, "older and leaves first"), (0, "not over yet"), (-1, "not over yet"), (60, "no month of")]
)
def test_only_the_oldest_month_that_is_over_leaves(old: Callable[..., str], months: int, reason: str) -> None:
    before = list_partitions("messages")

    with pytest.raises(PartitionRefused, match=reason):
        partition_retention.retire(past(months).name("messages"), Stage.DETACHED)

    assert (list_partitions("messages"), db.session.scalars(select(RetiredPartition)).all()) == (before, [])


def test_a_month_that_left_by_mistake_can_be_attached_again(old: Callable[..., str]) -> None:
    name, month = old(OLDEST), past(OLDEST)
    partition_retention.retire(name, Stage.ARCHIVED)

    with unit_of_work():
        bounds = f"FROM ('{month.start.isoformat()}') TO ('{month.plus(1).start.isoformat()}')"
        db.session.execute(text(f"ALTER TABLE messages ATTACH PARTITION {name} FOR VALUES {bounds}"))
        db.session.execute(text("DELETE FROM archive_parts"))
        db.session.execute(text("DELETE FROM retired_partitions"))

    assert len(db.session.scalars(select(Message.content)).all()) == 5
    db.session.rollback()
    partition_retention.retire(name, Stage.DROPPED)
    assert (exists(name), stage_of(name)) == (False, "DROPPED")


def test_a_month_without_a_row_leaves_a_manifest_and_no_part(old: Callable[..., str], committed_app: APIFlask) -> None:
    name = past(OLDEST).name("messages")

    partition_retention.retire(name, Stage.DROPPED)

    folder = stored(committed_app) / partition_archive.folder(name)
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert json.loads((folder / "manifest.json").read_bytes())["rows"] == 0


def test_a_stuck_month_of_one_table_does_not_hold_up_the_other(
    old: Callable[..., str], committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed_app.config.update(MESSAGE_RETENTION_MONTHS=OLDEST - 1, NOTIFICATION_RETENTION_MONTHS=OLDEST - 1)
    monkeypatch.setattr(partition_retention, "_PATIENCE", "-c lock_timeout=200ms")
    with db.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM messages"))
        maintenance.retire_partitions()

    assert (stage_of(past(OLDEST).name("messages")), stage_of(past(OLDEST).name("notifications"))) == ("LEAVING", "DROPPED")
