"""Proving the books from scratch: every balance that is kept elsewhere must follow from the ledger."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Identity, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.unit_of_work import take_your_time
from app.extensions import Model, db
from app.payments.ledger_rules import Discrepancy, find_discrepancies


class LedgerCheck(Model):
    """The result of one nightly check: its differences, an empty list when the books were right."""

    __tablename__ = "ledger_checks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


def check() -> list[Discrepancy]:
    """Every difference between the ledger and what the other tables hold; none when the books are right. Reads only.

    Until the open transaction ends, its statements have no time limit, since the whole ledger is read, and are joined by hashing: with
    statistics from before a busy hour or a bulk load, the planner sums the ledger again for each row.
    """
    take_your_time()
    db.session.execute(text("SET LOCAL enable_nestloop = off"))
    return find_discrepancies()


def check_and_record() -> list[Discrepancy]:
    """`check`, with its result kept for operators and their monitoring."""
    differences = check()
    db.session.add(LedgerCheck(differences=[asdict(difference) for difference in differences]))
    return differences


class LastCheck(NamedTuple):
    """When the books were checked, and the number of differences."""

    checked_at: datetime
    differences: int


def find_last_check() -> LastCheck | None:
    """The newest result, or None before the first night. The differences themselves, which may be very many, stay in the database."""
    number = func.jsonb_array_length(LedgerCheck.differences)
    row = db.session.execute(select(LedgerCheck.checked_at, number).order_by(LedgerCheck.id.desc()).limit(1)).one_or_none()
    return LastCheck(*row) if row else None
