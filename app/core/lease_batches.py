"""Claiming and finishing several tasks of one name together: where one statement and one commit can serve many.

Only first attempts are taken along. What has failed before runs alone, so that a task which kills its worker cannot use up the
attempts of its neighbours. Since one message serves as many tasks as a batch holds, the relay sends no more than that (`messages_to_send`).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.sql.elements import BindParameter

from app.core.leases import ClaimedTask, StaleClaim
from app.core.outbox import Task, TaskState
from app.extensions import db

# How many tasks of a name a worker takes at a time.
BATCH_OF = {"payments.settle": 50, "search.index_job": 500, "search.index_elastic": 500}

# For how many seconds after a message of a name the relay sends no other, unless very many wait: what comes meanwhile goes together. Elasticsearch
# shows a change only after its refresh, so less is left for gathering.
GATHERED_FOR = {"search.index_job": 0.4, "search.index_elastic": 0.2}


def messages_to_send(due: Sequence[tuple[int, str, int]]) -> list[tuple[int, str]]:
    """Of the tasks that are due, as (id, name, times sent, this one included), the (id, name) that need a message of their own.

    Of a name that is worked in batches, one message serves a whole batch of first messages; should it get lost, the sweeper sends again,
    and each task that is sent again has a message of its own.
    """
    first_sent: Counter[str] = Counter()
    chosen = []
    for task_id, name, send_count in due:
        is_first = send_count <= 1
        if not is_first or first_sent[name] % BATCH_OF.get(name, 1) == 0:
            chosen.append((task_id, name))
        first_sent[name] += is_first
    return chosen


def claim_neighbours(name: str, *, most: int, lease: timedelta) -> list[ClaimedTask]:
    """Take up to `most` due tasks of `name` that nobody has tried yet, oldest first, for the time of `lease`; the caller commits."""
    clock = func.clock_timestamp()
    # The name is written into the statement, so that a partial index on it can serve.
    same = Task.name == bindparam("name", name, literal_execute=True)
    waiting = and_(same, or_(Task.state == _literal(TaskState.PENDING), Task.state == _literal(TaskState.SENT)), Task.attempts == 0)
    due = select(Task.id).where(waiting, Task.run_after <= clock).order_by(Task.id).limit(most).with_for_update(skip_locked=True)
    claimed = {"state": TaskState.RUNNING, "claimed_at": clock, "lease_until": clock + lease}
    rows = db.session.execute(
        update(Task)
        .where(Task.id.in_(due))
        .values(**claimed, fencing_token=Task.fencing_token + 1, attempts=1, dedupe_key=None)
        .returning(Task.id, Task.name, Task.args, Task.owner_id, Task.fencing_token, Task.attempts, Task.max_attempts, Task.request_id)
    )
    return sorted((ClaimedTask(*row) for row in rows), key=lambda task: task.id)


def put_off(tasks: Sequence[ClaimedTask], delay: timedelta, reason: str) -> None:
    """Let the tasks wait `delay` because what they need is away; they have not failed, so their attempts and sendings count anew.

    Those that are no longer held are left alone.
    """
    later = {"state": TaskState.PENDING, "run_after": func.clock_timestamp() + delay, "lease_until": None, "attempts": 0, "send_count": 0}
    db.session.execute(update(Task).where(_held(tasks)).values(**later, error=reason[:2000]))


def finish_each(tasks: Sequence[ClaimedTask]) -> None:
    """Mark all of them done, in the transaction of their effects. Raises StaleClaim when a single claim no longer holds."""
    done = {"state": TaskState.DONE, "progress": 100, "finished_at": func.clock_timestamp(), "lease_until": None, "error": None}
    finished = db.session.execute(update(Task).where(_held(tasks)).values(done).returning(Task.id)).all()
    if len(finished) != len(tasks):
        raise StaleClaim(f"{len(tasks) - len(finished)} of {len(tasks)} tasks are no longer held")


def _held(tasks: Sequence[ClaimedTask]) -> ColumnElement[bool]:
    return and_(Task.state == TaskState.RUNNING, tuple_(Task.id, Task.fencing_token).in_([(task.id, task.token) for task in tasks]))


def _literal(state: TaskState) -> BindParameter[str]:
    return bindparam(None, state.value, literal_execute=True)
