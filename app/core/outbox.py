"""Durable tasks: the row that a business transaction leaves behind for slow work, and that a worker claims.

A task is slow work; a job is a posting. One row lives through: PENDING (to be published) -> SENT (a message is out) -> RUNNING
(claimed under a lease) -> DONE, or DEAD after too many attempts or a bug, or DISCARDED by an operator.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Identity, Index, Interval, and_, any_, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import statement_time
from app.core.request_id import current_request_id
from app.extensions import Model, db

MAX_ATTEMPTS = 8
PURGED_AT_A_TIME = 10_000

# Written the same way in an index and in the queries that it serves: PostgreSQL compares the expressions.
PDF_WAITING = "split_part(name, '.', 1) = 'pdf' AND (state = 'PENDING' OR state = 'SENT')"
PDF_DONE = "split_part(name, '.', 1) = 'pdf' AND state = 'DONE' AND claimed_at IS NOT NULL"


class TaskState(StrEnum):
    PENDING = "PENDING"
    SENT = "SENT"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"
    DISCARDED = "DISCARDED"


class Task(Model):
    """One piece of slow work. `args` holds ids, and the words of a notification. `fencing_token` grows with each claim, the last at `claimed_at`.

    Times are set by the database's clock.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_due", "run_after", "id", postgresql_where=text("state = 'PENDING'")),
        Index("ix_tasks_sent", "sent_at", postgresql_where=text("state = 'SENT'")),
        Index("ix_tasks_leased", "lease_until", postgresql_where=text("state = 'RUNNING'")),
        Index("ix_tasks_dead", "finished_at", postgresql_where=text("state = 'DEAD'")),
        # What is worked off many at a time, found by its name (see lease_batches).
        Index("ix_tasks_settlements", "id", postgresql_where=text("name = 'payments.settle' AND (state = 'PENDING' OR state = 'SENT')")),
        Index("ix_tasks_search_index", "id", postgresql_where=text("name = 'search.index_job' AND (state = 'PENDING' OR state = 'SENT')")),
        Index("ix_tasks_search_elastic", "id", postgresql_where=text("name = 'search.index_elastic' AND (state = 'PENDING' OR state = 'SENT')")),
        # What backlog counts and measures, with the columns that it needs in the index itself.
        Index("ix_tasks_pdf_waiting", "run_after", "id", postgresql_include=["name"], postgresql_where=text(PDF_WAITING)),
        Index("ix_tasks_pdf_done", "name", text("finished_at DESC"), postgresql_include=["claimed_at"], postgresql_where=text(PDF_DONE)),
        Index("ix_tasks_finished", "finished_at", postgresql_where=text("state IN ('DONE', 'DISCARDED')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[TaskState] = mapped_column(db.String(16), default=TaskState.PENDING, server_default="PENDING")
    run_after: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    sent_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    send_count: Mapped[int] = mapped_column(default=0, server_default="0")
    claimed_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    lease_until: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    fencing_token: Mapped[int] = mapped_column(default=0, server_default="0")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    max_attempts: Mapped[int] = mapped_column(default=MAX_ATTEMPTS, server_default=str(MAX_ATTEMPTS))
    progress: Mapped[int] = mapped_column(default=0, server_default="0")
    result_url: Mapped[str | None]
    error: Mapped[str | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))


def enqueue(
    name: str,
    args: dict[str, Any],
    *,
    owner_id: int | None = None,
    dedupe_key: str | None = None,
    delay: timedelta = timedelta(),
    max_attempts: int = MAX_ATTEMPTS,
) -> int:
    """Leave a task in the open transaction and return its id; it exists if and only if the transaction commits.

    With `dedupe_key`, a task of that key which has not been claimed yet serves for this call too: its row is locked until our
    commit, so that the worker which claims it reads what we have written. A claim clears the key.
    """
    values = {
        "name": name,
        "args": args,
        "owner_id": owner_id,
        "dedupe_key": dedupe_key,
        "delay": delay,
        "max_attempts": max_attempts,
        "request_id": current_request_id(),
    }
    task_id: int = db.session.connection().execute(_ADDED if dedupe_key is None else _ADDED_OR_SERVED, values).scalar_one()
    return task_id


# Made once: making the statement anew takes as long as running it, and requests wait for both.
_VALUES: dict[str, Any] = {name: bindparam(name) for name in ("name", "args", "owner_id", "dedupe_key", "max_attempts", "request_id")}
_NEW = insert(Task).values(**_VALUES, run_after=func.clock_timestamp() + bindparam("delay", type_=Interval))
_ADDED = _NEW.returning(Task.id)
_ADDED_OR_SERVED = _NEW.on_conflict_do_update(
    index_elements=[Task.dedupe_key], set_={"run_after": func.least(Task.run_after, _NEW.excluded.run_after)}
).returning(Task.id)


def enqueue_each(name: str, args_by_key: Mapping[str, dict[str, Any]], owners: Mapping[str, int] = MappingProxyType({})) -> None:
    """Leave one task per dedupe key in the open transaction, by one statement a thousand; otherwise as `enqueue`. `owners` are by key, too."""
    same = {"name": name, "request_id": current_request_id()}
    # In the order of the keys, so that two transactions which share some lock them in the same order.
    rows = [{**same, "args": args, "dedupe_key": key, "owner_id": owners.get(key)} for key, args in sorted(args_by_key.items())]
    earlier = {"run_after": func.least(Task.run_after, func.clock_timestamp())}
    statement = insert(Task).on_conflict_do_update(index_elements=[Task.dedupe_key], set_=earlier)
    if rows:
        # What is returned makes it one statement for a thousand rows, compiled once.
        db.session.execute(statement.returning(Task.id), rows)


def hasten(which: ColumnElement[bool]) -> None:
    """Let those tasks be due now which were left with a delay, or put off because something was away; a failed attempt's back-off stays."""
    waiting = and_(which, Task.state == TaskState.PENDING, Task.attempts == 0, Task.run_after > func.clock_timestamp())
    # The state is written although it stays: that is what wakes the relay.
    db.session.execute(update(Task).where(waiting).values(state=TaskState.PENDING, run_after=func.clock_timestamp()))


def find_task(task_id: int, *, owner_id: int) -> Task | None:
    """The task of that id if it belongs to `owner_id`."""
    return db.session.scalar(select(Task).where(Task.id == task_id, Task.owner_id == owner_id))


def purge_finished(limit: int = PURGED_AT_A_TIME, *, older_than: timedelta = timedelta(days=7)) -> int:
    """Delete up to `limit` tasks that were done or discarded before `older_than`, the oldest first; dead ones stay for operators.

    Returns how many; call until it is fewer.
    """
    over = and_(Task.state.in_([TaskState.DONE, TaskState.DISCARDED]), Task.finished_at < statement_time() - older_than)
    old = select(Task.id).where(over).order_by(Task.finished_at).limit(limit).with_for_update(skip_locked=True)
    # As an array, so that they are looked up whatever the statistics say.
    return len(db.session.execute(delete(Task).where(Task.id == any_(func.array(old.scalar_subquery()))).returning(Task.id)).all())
