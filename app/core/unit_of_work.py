"""The one place that commits: a service changes, `unit_of_work` makes it durable or undoes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.extensions import db

AfterCommit = Callable[[], None]
_CALLS = "after_commit_calls"


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit on the way out, roll back on any error; then run what `after_commit` collected.

    Units do not nest: a service never opens one, only a route, a task or a command does.
    """
    session = db.session
    session.info.pop(_CALLS, None)
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        session.info.pop(_CALLS, None)
        raise
    for call in session.info.pop(_CALLS, []):
        call()


def take_your_time() -> None:
    """Until the open transaction ends, its statements have no time limit: for what must read a whole table, which grows without one."""
    db.session.execute(text("SET LOCAL statement_timeout = 0"))


def after_commit(call: AfterCommit) -> None:
    """Run `call` once the open unit of work has committed, before its request is answered.

    For wake-ups that may be lost (cache invalidation, publishing to listeners); what must happen goes into the outbox.
    """
    db.session.info.setdefault(_CALLS, []).append(call)
