"""Differences between our books and a gateway: noted once, listed, and closed by a person who says what was done."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import now
from app.extensions import db
from app.payments.errors import DifferenceNotFound
from app.payments.models import Provider
from app.payments.reconciliation_models import Difference, DifferenceKind

log = structlog.get_logger()


def note_difference(
    kind: DifferenceKind, provider: Provider, fact: str, detail: str, *, transaction_id: int | None = None, **data: Any
) -> Difference | None:
    """Leave a row for people; None when the same `fact` of that kind is noted already. `data` holds the figures of both sides."""
    values = {"kind": kind, "provider": provider, "transaction_id": transaction_id, "detail": detail, "data": data}
    statement = insert(Difference).values(fact=f"{kind}:{provider}:{fact}", **values)
    found = db.session.scalar(statement.on_conflict_do_nothing(index_elements=["fact"]).returning(Difference))
    if found is not None:
        log.error("payment_difference", kind=kind, provider=provider, fact=fact, transaction_id=transaction_id, **data)
    return found


def list_differences(*, only_open: bool = True, limit: int = 200) -> Sequence[Difference]:
    """The oldest first; those that people have closed only with `only_open` False."""
    statement = select(Difference).order_by(Difference.id).limit(limit)
    return db.session.scalars(statement.where(Difference.resolved_at.is_(None)) if only_open else statement).all()


def resolve_difference(difference_id: int, resolution: str) -> Difference:
    """Close a difference with a sentence that says what was done. Changes nothing else. Raises DifferenceNotFound."""
    found = db.session.scalar(select(Difference).where(Difference.id == difference_id, Difference.resolved_at.is_(None)).with_for_update())
    if found is None:
        raise DifferenceNotFound
    found.resolved_at, found.resolution = now(), resolution
    return found
