"""The working life of a durable task: claim, finish, go on, retry, die; and the sweep that sends again what got lost.

Every step is one conditional UPDATE checked against the fencing token, by the database's clock, so that a worker which was paused
beyond its lease, a doubled message or a second copy of the sweeper change nothing.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.core.outbox import Task, TaskState
from app.extensions import db

RESEND_AFTER = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(minutes=30)
LOST = "The worker was lost on every attempt."

# Begins the error of a row whose words are for operators: they may name paths, hosts and statements.
INTERNAL = "internal: "
OUR_FAULT = "Something went wrong on our side. Please try again later."

DeathHook = Callable[[dict[str, Any], str], None]
_DEATH_HOOKS: dict[str, DeathHook] = {}


class StaleClaim(Exception):
    """The lease ran out and another worker holds the task: this one's work must not be committed."""


@dataclass(frozen=True)
class ClaimedTask:
    """What a task body gets: its row's id, its arguments, and the token that proves the claim. `attempt` counts from 1."""

    id: int
    name: str
    args: dict[str, Any]
    owner_id: int | None
    token: int
    attempt: int
    max_attempts: int
    request_id: str | None

    @property
    def is_last_attempt(self) -> bool:
        return self.attempt >= self.max_attempts


def claim(task_id: int, *, lease: timedelta) -> ClaimedTask | None:
    """Take the task for `lease`, or return None when it is done, held by another, or not due. Commits by the caller's unit of work."""
    clock = func.clock_timestamp()
    ready = and_(Task.state.in_([TaskState.PENDING, TaskState.SENT]), Task.run_after <= clock)
    abandoned = and_(Task.state == TaskState.RUNNING, Task.lease_until < clock, Task.attempts < Task.max_attempts)
    row = db.session.execute(
        update(Task)
        .where(Task.id == task_id, or_(ready, abandoned))
        .values(
            state=TaskState.RUNNING,
            claimed_at=clock,
            lease_until=clock + lease,
            fencing_token=Task.fencing_token + 1,
            attempts=Task.attempts + 1,
            dedupe_key=None,
        )
        .returning(Task.id, Task.name, Task.args, Task.owner_id, Task.fencing_token, Task.attempts, Task.max_attempts, Task.request_id)
    ).one_or_none()
    return ClaimedTask(*row) if row else None


def finish(task: ClaimedTask, *, result_url: str | None = None) -> None:
    """Mark done, in the transaction of the effect. Raises StaleClaim when the claim no longer holds."""
    _transition(task, state=TaskState.DONE, progress=100, finished_at=func.clock_timestamp(), lease_until=None, error=None, result_url=result_url)


def go_on(task: ClaimedTask, *, progress: int) -> None:
    """Put a task that has done a slice of its work at the end of its queue, its attempts counted anew. Raises StaleClaim.

    `progress` is 1-99, and shows that the task is under way though it waits.
    """
    clock = func.clock_timestamp()
    _transition(task, state=TaskState.PENDING, run_after=clock, lease_until=None, error=None, attempts=0, send_count=0, progress=progress)


def age(task: ClaimedTask) -> timedelta:
    """How long ago the task was left, by the database's clock, whatever has become of its attempts."""
    left = select(func.clock_timestamp() - Task.created_at).where(Task.id == task.id)
    return db.session.scalars(left).one()


def note(task: ClaimedTask, **values: Any) -> None:
    """Add to the task's arguments what others may want to know while it runs. Raises StaleClaim."""
    _transition(task, args=Task.args.concat(values))


def give_back(task: ClaimedTask, error: str) -> None:
    """Let the task be tried again after a back-off, or die when this was its last attempt. Raises StaleClaim."""
    if task.is_last_attempt:
        bury(task, error)
        return
    _transition(task, state=TaskState.PENDING, run_after=func.clock_timestamp() + backoff(task.attempt), lease_until=None, error=error[:2000])


def bury(task: ClaimedTask, error: str) -> None:
    """Mark dead: shown to operators, never tried again by itself; its feature is told. Raises StaleClaim."""
    _transition(task, state=TaskState.DEAD, finished_at=func.clock_timestamp(), lease_until=None, error=error[:2000])
    _tell(task.name, task.args, error)


def when_dead(name: str) -> Callable[[DeathHook], DeathHook]:
    """Register what a feature does, in the transaction that buries a task of `name`: `hook(args, error)`."""

    def register(hook: DeathHook) -> DeathHook:
        _DEATH_HOOKS[name] = hook
        return hook

    return register


def _tell(name: str, args: dict[str, Any], error: str) -> None:
    hook = _DEATH_HOOKS.get(name)
    if hook is not None:
        hook(args, error)


def told(error: str | None) -> str | None:
    """What a task's owner reads of its error."""
    return OUR_FAULT if error is not None and error.startswith(INTERNAL) else error


def backoff(attempt: int) -> timedelta:
    """2, 4, 8 ... seconds up to half an hour, with a jitter of a quarter, so that failures do not return in step."""
    seconds = min(2.0**attempt, LONGEST_BACKOFF.total_seconds())
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))


def _transition(task: ClaimedTask, **values: Any) -> None:
    held = and_(Task.id == task.id, Task.state == TaskState.RUNNING, Task.fencing_token == task.token)
    if db.session.execute(update(Task).where(held).values(**values).returning(Task.id)).one_or_none() is None:
        raise StaleClaim(f"task {task.id} is no longer held with token {task.token}")


@dataclass(frozen=True)
class Swept:
    """How many tasks one sweep sent again, took back from silent workers, and buried."""

    resent: int
    reclaimed: int
    buried: int


def sweep(limit: int = 1000) -> Swept:
    """Find what is stale: messages that nobody claimed, leases that ran out, attempts that are used up."""
    clock = func.clock_timestamp()
    expired = and_(Task.state == TaskState.RUNNING, Task.lease_until < clock)
    buried = _sweep_where(
        and_(expired, Task.attempts >= Task.max_attempts), limit, state=TaskState.DEAD, finished_at=clock, lease_until=None, error=LOST
    )
    for name, args in buried:
        _tell(name, args, LOST)
    reclaimed = _sweep_where(expired, limit, state=TaskState.PENDING, run_after=clock, lease_until=None)
    # A message may just wait in a long queue: each resend waits twice as long as the one before, up to an hour.
    patience = RESEND_AFTER * func.power(2, func.least(Task.send_count, 8) - 1)
    resent = _sweep_where(and_(Task.state == TaskState.SENT, Task.sent_at < clock - patience), limit, state=TaskState.PENDING)
    return Swept(len(resent), len(reclaimed), len(buried))


def _sweep_where(condition: ColumnElement[bool], limit: int, **values: Any) -> list[tuple[str, dict[str, Any]]]:
    found = select(Task.id).where(condition).limit(limit).with_for_update(skip_locked=True)
    changed = db.session.execute(update(Task).where(Task.id.in_(found)).values(**values).returning(Task.name, Task.args))
    return [(row.name, row.args) for row in changed]
