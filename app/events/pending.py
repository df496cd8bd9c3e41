"""What the open transaction has to announce, and forgets again when it, or a savepoint in it, is rolled back."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from app.extensions import db

_PENDING = "events_pending"


@dataclass(frozen=True)
class Event:
    """`type` is the name that pages listen for; `data` is JSON, complete enough to be shown without another request."""

    user_id: int
    type: str
    data: dict[str, Any]

    def __post_init__(self) -> None:
        if not self.type.isidentifier():
            raise ValueError(f"{self.type!r} is no name for a kind of event")


@dataclass
class _Pending:
    events: list[Event] = field(default_factory=list)
    # How many there were when each savepoint began.
    marks: dict[SessionTransaction, int] = field(default_factory=dict)


def collect(events: list[Event]) -> None:
    """Keep `events` until the open transaction commits."""
    _of(db.session()).events.extend(events)


def take(session: Session) -> list[Event]:
    """Everything that was collected, which is forgotten by that."""
    return session.info.pop(_PENDING, _Pending()).events


def _of(session: Session) -> _Pending:
    found: _Pending = session.info.setdefault(_PENDING, _Pending())
    return found


@event.listens_for(db.session, "after_transaction_create")
def _begin(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        pending = _of(session)
        pending.marks[transaction] = len(pending.events)


@event.listens_for(db.session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    """A flush that fails has a transaction of its own: what is rolled back is the savepoint around it, or everything."""
    rolled_back: SessionTransaction | None = previous
    while rolled_back is not None and not rolled_back.nested:
        rolled_back = rolled_back.parent
    pending = _of(session)
    del pending.events[pending.marks.get(rolled_back, 0) if rolled_back else 0 :]
