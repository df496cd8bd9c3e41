"""Old months leave their tables: detached without a lock on the others, archived, then dropped. Every step may be killed and goes on.

LEAVING    committed before the detach, so that a month which left is never forgotten; a detach that was cut short is finalised
DETACHED   the features' counters no longer count it; its rows go to the archive, part by part
ARCHIVED   the archive has been read back and holds as many rows as the table; the features let go of what hangs on the rows
DROPPED    the table is gone, the archive stays
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
import structlog
from flask import current_app
from psycopg import errors, sql
from sqlalchemy import text

from app.core import partition_archive
from app.core.partition_files import ArchiveDamaged
from app.core.partition_leaving import ORDER, Batch, PartitionBusy, RetiredPartition, Stage, begin, list_due, owner_of
from app.core.partitions import table_of
from app.core.problems import NotFound
from app.core.unit_of_work import unit_of_work
from app.extensions import db

log = structlog.get_logger()

_LOCK = 7_310_005
# A detach waits for everybody who is using the table; whoever reads for longer than this is waited for by the next run.
_PATIENCE = "-c lock_timeout=10s -c statement_timeout=30s"


def retire_due(moment: datetime, *, seconds: float) -> list[str]:
    """Work on what is due for about so long; the months that are gone now. Raises PartitionBusy when another run is at work.

    A month that cannot get further holds up the younger ones of its own table only, and is told in the log.
    """
    due = list_due(moment)
    db.session.rollback()
    if not due:
        return []
    deadline = time.monotonic() + seconds
    gone, stuck = list[str](), set[str]()
    with _alone() as connection:
        for name in due:
            try:
                if table_of(name) not in stuck and _work(connection, name, Stage.DROPPED, lambda retired: time.monotonic() < deadline):
                    gone.append(name)
            except PartitionBusy as error:
                log.warning("partition_busy", partition=name, error=str(error))
                stuck.add(table_of(name))
            except (ArchiveDamaged, NotFound, OSError) as error:
                log.error("partition_not_dropped", partition=name, error=str(error))
                stuck.add(table_of(name))
            if time.monotonic() >= deadline:
                break
    return gone


def retire(name: str, until: Stage, *, on_step: Callable[[RetiredPartition], None] = lambda retired: None) -> None:
    """Take one month as far as `until`. Raises PartitionBusy, PartitionRefused, ArchiveDamaged, NotFound for a lost part."""

    def go_on(retired: RetiredPartition) -> bool:
        on_step(retired)
        return True

    with _alone() as connection:
        _work(connection, name, until, go_on)


def _work(connection: psycopg.Connection, name: str, until: Stage, go_on: Callable[[RetiredPartition], bool]) -> bool:
    """Step by step, each of which ends in a commit, while `go_on`; whether the month has come as far as `until`."""
    with unit_of_work():
        begin(name)
    while True:
        retired = _find(name)
        if ORDER.index(retired.stage) >= ORDER.index(until):
            return True
        if not go_on(retired):
            return False
        _step(connection, name, retired.stage)


def _find(name: str) -> RetiredPartition:
    found = db.session.get_one(RetiredPartition, name, populate_existing=True)
    db.session.expunge(found)
    db.session.rollback()
    return found


def _step(connection: psycopg.Connection, name: str, stage: Stage) -> None:
    """The next stage, or one part more of the archive."""
    if stage == Stage.LEAVING:
        _detach(connection, name)
        _in_batches(owner_of(name).uncount, name)
        _reach(name, Stage.DETACHED)
    elif stage == Stage.DETACHED:
        _archive(name)
    elif stage == Stage.ARCHIVED:
        partition_archive.verify_stored(name)
        db.session.rollback()
        _in_batches(owner_of(name).discard, name)
        _drop(name)


def _detach(connection: psycopg.Connection, name: str) -> None:
    """Leave the table, wherever an earlier attempt ended. Raises PartitionBusy."""
    pending = "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass(%s) AND inhparent = to_regclass(%s)"
    found = connection.execute(pending, (name, table_of(name))).fetchone()
    if found is None:
        return
    how = sql.SQL("FINALIZE" if found[0] else "CONCURRENTLY")
    statement = sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(sql.Identifier(table_of(name)), sql.Identifier(name), how)
    try:
        connection.execute(statement)
    except (errors.LockNotAvailable, errors.QueryCanceled, errors.ObjectNotInPrerequisiteState) as error:
        raise PartitionBusy(f"{name} is in use: {error.diag.message_primary}") from error
    log.info("partition_detached", partition=name)


def _archive(name: str) -> None:
    with unit_of_work():
        part = partition_archive.write_next_part(name)
    if part is None:
        with unit_of_work():
            retired = db.session.get_one(RetiredPartition, name)
            retired.rows, retired.stage = partition_archive.write_manifest(name), Stage.ARCHIVED
            rows = retired.rows
        log.info("partition_archived", partition=name, rows=rows)


def _drop(name: str) -> None:
    """Count once more behind a lock, and drop. Raises ArchiveDamaged when somebody has written to the month meanwhile."""
    with unit_of_work():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        db.session.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
        retired = db.session.get_one(RetiredPartition, name)
        kept = partition_archive.count_rows(name)
        if kept != retired.rows:
            raise ArchiveDamaged(f"{name} holds {kept} rows, its archive {retired.rows}.")
        db.session.execute(text(f"DROP TABLE {name}"))
        retired.stage = Stage.DROPPED
    log.info("partition_dropped", partition=name, rows=kept)


def _reach(name: str, stage: Stage) -> None:
    with unit_of_work():
        db.session.get_one(RetiredPartition, name).stage = stage


def _in_batches(batch: Batch, partition: str) -> None:
    place: int | None = 0
    while place is not None:
        with unit_of_work():
            place = batch(partition, place)


@contextmanager
def _alone() -> Iterator[psycopg.Connection]:
    """A connection outside every transaction, which a concurrent detach needs, and the lock that lets one run work at a time.

    The lock dies with the connection, so a killed run does not keep the next one away; but the server takes a moment to see that a connection
    has ended, so whoever ends in good order gives it back first. Raises PartitionBusy.
    """
    url = current_app.extensions["settings"].database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url, autocommit=True, connect_timeout=3, options=_PATIENCE) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if row is None or not row[0]:
            raise PartitionBusy("Another run is at work.")
        try:
            yield connection
        finally:
            if not connection.broken:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
