"""The gateways' inbox: what a provider sent is stored as it came, once per provider and event, before anything follows from it.

A provider's route checks the message, then either `accept`s it, which leaves a durable task for settlement in the same transaction, or
`refuse`s it with a verdict and a sentence for people. It answers the gateway after the commit. Forged messages are kept for people to
see, but they must not fill the table: so many per order, and so many per hour without one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from app.core.clock import now, statement_time
from app.core.outbox import enqueue
from app.core.request_id import current_request_id
from app.core.text import storable
from app.extensions import db
from app.payments.models import GatewayEvent, Outcome, Provider, Verdict

log = structlog.get_logger()

LONGEST_FIELD, LONGEST_NAME, MOST_FIELDS = 500, 64, 64
MOST_REFUSED = 20
MOST_STRAY_AN_HOUR = 100
REFUSED_KEPT = timedelta(days=90)

# What nobody has proven to come from the gateway.
UNPROVEN = (Verdict.BAD_SIGNATURE, Verdict.STALE, Verdict.OVERSIZED)


@dataclass(frozen=True)
class Message:
    """One call of a gateway: its fields as they came (long texts are cut), the caller's address, and an authentic body in full."""

    provider: Provider
    raw: Mapping[str, str]
    address: str | None = None
    body: str | None = None

    def digest(self) -> str:
        """A name for a message that has no id of its own: SHA-256 of its fields, in hex."""
        return hashlib.sha256(repr(sorted(self.raw.items())).encode(errors="surrogatepass")).hexdigest()


def accept(message: Message, event_id: str, *, transaction_id: int, outcome: Outcome, transaction_no: str) -> int | None:
    """Store what a gateway has proven to say of a known transaction, and leave it to settlement.

    `event_id` names the fact, so that a repetition has the same one; `transaction_no` is the gateway's number of the payment, which
    tells a repetition from a second payment. Returns the event's row id, or None when the inbox holds it already.
    """
    row_id = _store(message, event_id, transaction_id=transaction_id, outcome=outcome, gateway_transaction_no=transaction_no)
    if row_id is not None:
        enqueue("payments.settle", {"event_id": row_id})
    return row_id


def keep(message: Message, event_id: str, *, transaction_id: int | None, reason: str) -> int | None:
    """Store an authentic event that settlement has nothing to do with. Returns its row id, or None when the inbox holds it already."""
    return _store(message, event_id, transaction_id=transaction_id, verdict=Verdict.IGNORED, reason=reason, processed_at=now())


def refuse(message: Message, verdict: Verdict, reason: str, *, transaction_id: int | None = None) -> None:
    """Note a message that changes nothing, and why. A message that nobody has proven is kept only so often."""
    log.warning("gateway_event_refused", provider=message.provider, verdict=verdict, reason=reason, transaction_id=transaction_id)
    if verdict in UNPROVEN and _is_flooded(transaction_id):
        return
    values = {"verdict": verdict, "reason": reason, "transaction_id": transaction_id, "processed_at": now()}
    _store(message, f"{verdict}:{message.digest()}", **values)


def purge_refused(older_than: timedelta = REFUSED_KEPT) -> int:
    """Delete old messages that nobody has proven; what a gateway really said is kept with the books. Returns how many."""
    old = GatewayEvent.verdict.in_(UNPROVEN) & (GatewayEvent.received_at < func.clock_timestamp() - older_than)
    return len(db.session.execute(delete(GatewayEvent).where(old).returning(GatewayEvent.id)).all())


def _store(message: Message, event_id: str, **values: object) -> int | None:
    body = storable(message.body) if message.body is not None else None
    place = {"provider": message.provider, "event_id": event_id, "address": message.address, "request_id": current_request_id()}
    statement = insert(GatewayEvent).values(**place, raw=kept_fields(message), body=body, **values)
    return db.session.scalar(statement.on_conflict_do_nothing(index_elements=["provider", "event_id"]).returning(GatewayEvent.id))


def kept_fields(message: Message) -> dict[str, str]:
    """The message's fields as they are kept: so many of them, and of each so much."""
    fields = sorted(message.raw.items())[:MOST_FIELDS]
    return {storable(name)[:LONGEST_NAME]: storable(value)[:LONGEST_FIELD] for name, value in fields}


def _is_flooded(transaction_id: int | None) -> bool:
    recently = GatewayEvent.received_at > statement_time() - timedelta(hours=1)
    if transaction_id is None:
        return _count(GatewayEvent.transaction_id.is_(None) & recently, MOST_STRAY_AN_HOUR)
    return _count(GatewayEvent.transaction_id == transaction_id, MOST_REFUSED)


def _count(place: ColumnElement[bool], most: int) -> bool:
    """Whether there are `most` of them; no more are counted."""
    found = select(GatewayEvent.id).where(GatewayEvent.verdict.in_(UNPROVEN), place).limit(most).subquery()
    return (db.session.scalar(select(func.count()).select_from(found)) or 0) >= most
