"""The table behind `Idempotency-Key`: who holds a key, under which lease, and the answer that was given under it.

Every change is one conditional statement checked against the claim's token, by the database's clock, so that a process which was
paused beyond its lease cannot answer for a key that another has taken over.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, UniqueConstraint, and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.engine import Row
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import statement_time
from app.core.problems import Conflict, Unprocessable
from app.extensions import Model, db

# Twice the longest statement that the database lets run.
LEASE = timedelta(seconds=30)
KEPT = timedelta(hours=24)
STARTED, FINISHED = "started", "finished"


class KeyReused(Unprocessable):
    code, detail = "idempotency_key_reused", "This Idempotency-Key was used before with another request."


class TwinUnfinished(Conflict):
    """The first request under this key has not finished in time."""

    code, detail = "idempotency_in_progress", "The first request with this Idempotency-Key is still being worked on."

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(headers={"Retry-After": str(retry_after)})


class IdempotencyKey(Model):
    """One key of one user on one route. `status`, `headers` and `body` are the answer once there is one.

    `phases` holds what each recovery point that was reached left for a retry; `recovery_point` is the last of them.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("user_id", "route", "key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    route: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    token: Mapped[int] = mapped_column(default=1, server_default="1")
    locked_until: Mapped[datetime] = mapped_column(db.DateTime(timezone=True))
    recovery_point: Mapped[str] = mapped_column(default=STARTED, server_default=STARTED)
    phases: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    expires_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), index=True)


_CLAIM = (IdempotencyKey.id, IdempotencyKey.token, IdempotencyKey.recovery_point, IdempotencyKey.phases)


@dataclass(frozen=True)
class Scope:
    """Whose key it is, on which route, and the SHA-256 of what was asked."""

    user_id: int
    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Claim:
    """The right to work and answer under a key, until its lease ends.

    `recovery_point` is where the work has got to, perhaps by an earlier holder, and `phases` what it left there.
    """

    id: int
    token: int
    recovery_point: str
    phases: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the first request was told."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Busy:
    """Another request holds the key for at most `seconds` more."""

    seconds: int


def begin(scope: Scope) -> Claim | Answer | Busy:
    """Claim the key, or find its answer or its holder. Commit at once: rivals wait for this row. Raises KeyReused."""
    clock = func.clock_timestamp()
    seconds_left = func.extract("epoch", IdempotencyKey.locked_until - clock).label("seconds_left")
    query = select(IdempotencyKey.__table__, seconds_left, (IdempotencyKey.expires_at <= clock).label("is_expired"))
    same = and_(IdempotencyKey.user_id == scope.user_id, IdempotencyKey.route == scope.route, IdempotencyKey.key == scope.key)
    row = db.session.execute(query.where(same)).one_or_none()
    if row is None:
        return _insert(scope)
    if row.is_expired:
        unanswered: dict[str, Any] = {"status": None, "headers": None, "body": None, "recovery_point": STARTED, "phases": {}}
        return _take_over(row, fingerprint=scope.fingerprint, expires_at=clock + KEPT, **unanswered)
    if row.fingerprint != scope.fingerprint:
        raise KeyReused
    if row.status is not None:
        return Answer(row.status, row.headers, row.body)
    if row.seconds_left <= 0:
        return _take_over(row)
    return Busy(math.ceil(row.seconds_left))


def _insert(scope: Scope) -> Claim | Busy:
    clock = func.clock_timestamp()
    values: dict[Any, Any] = {
        IdempotencyKey.user_id: literal(scope.user_id, BigInteger),
        IdempotencyKey.route: literal(scope.route),
        IdempotencyKey.key: literal(scope.key),
        IdempotencyKey.fingerprint: literal(scope.fingerprint, LargeBinary),
        IdempotencyKey.locked_until: clock + LEASE,
        IdempotencyKey.expires_at: clock + KEPT,
    }
    # A rival's uncommitted row would make us wait for its commit, with a connection in hand; the lock tells that without waiting.
    place = func.hashtextextended(f"{scope.user_id} {scope.route} {scope.key}", 0)
    unrivalled = select(*values.values()).where(func.pg_try_advisory_xact_lock(place))
    statement = insert(IdempotencyKey).from_select([column.key for column in values], unrivalled, include_defaults=False)
    statement = statement.on_conflict_do_nothing(index_elements=["user_id", "route", "key"])
    row = db.session.execute(statement.returning(*_CLAIM)).one_or_none()
    return Claim(*row) if row else Busy(1)


def _take_over(row: Row[Any], **values: Any) -> Claim | Busy:
    unchanged = and_(IdempotencyKey.id == row.id, IdempotencyKey.token == row.token, IdempotencyKey.status.is_not_distinct_from(row.status))
    # The row may be locked by a holder that is about to answer after all: come back instead of waiting for it.
    free = select(IdempotencyKey.id).where(unchanged).with_for_update(skip_locked=True).scalar_subquery()
    values = {"token": row.token + 1, "locked_until": func.clock_timestamp() + LEASE, **values}
    taken = db.session.execute(update(IdempotencyKey).where(IdempotencyKey.id == free).values(values).returning(*_CLAIM)).one_or_none()
    return Claim(*taken) if taken else Busy(1)


def store(claim: Claim, answer: Answer) -> None:
    """Keep the answer, in the transaction of the effect it tells of. Raises TwinUnfinished when another has taken the key over."""
    _change(claim, status=answer.status, headers=answer.headers, body=answer.body, recovery_point=FINISHED)


def advance(claim: Claim, recovery_point: str, state: Mapping[str, Any]) -> Claim:
    """Note how far the work is, with what a retry needs, and renew the lease, in the transaction of that phase. Raises TwinUnfinished."""
    phases = {**claim.phases, recovery_point: state}
    _change(claim, recovery_point=recovery_point, phases=phases, locked_until=func.clock_timestamp() + LEASE)
    return Claim(claim.id, claim.token, recovery_point, phases)


def release(claim: Claim) -> None:
    """Let the next request try, unless the key has been answered or taken over.

    A key under which nothing has happened is forgotten; one that has reached a recovery point keeps it, and its request.
    """
    untouched = IdempotencyKey.recovery_point == STARTED
    if not db.session.execute(delete(IdempotencyKey).where(_held(claim), untouched).returning(IdempotencyKey.id)).all():
        db.session.execute(update(IdempotencyKey).where(_held(claim)).values(locked_until=func.clock_timestamp()))


def purge_expired(limit: int = 10_000) -> int:
    """Delete all keys whose 24 hours are over, `limit` a statement, except those that a request works under. Returns how many."""
    clock = statement_time()
    over = and_(IdempotencyKey.expires_at <= clock, or_(IdempotencyKey.status.is_not(None), IdempotencyKey.locked_until <= clock))
    old = select(IdempotencyKey.id).where(over).limit(limit).with_for_update(skip_locked=True)
    purged, total = limit, 0
    while purged == limit:
        purged = len(db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.id.in_(old)).returning(IdempotencyKey.id)).all())
        total += purged
    return total


def _held(claim: Claim) -> Any:
    return and_(IdempotencyKey.id == claim.id, IdempotencyKey.token == claim.token, IdempotencyKey.status.is_(None))


def _change(claim: Claim, **values: Any) -> None:
    changed = db.session.execute(update(IdempotencyKey).where(_held(claim)).values(**values).returning(IdempotencyKey.id)).one_or_none()
    if changed is None:
        raise TwinUnfinished
