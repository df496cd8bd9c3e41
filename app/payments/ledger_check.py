"""Proving the books from scratch: every balance that is kept elsewhere must follow from the ledger."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

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
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    db.session.execute(text("SET LOCAL enable_nestloop = off"))
    return find_discrepancies()


def check_and_record() -> list[Discrepancy]:
    """`check`, with its result kept for operators and their monitoring."""
    differences = check()
    db.session.add(LedgerCheck(differences=[asdict(difference) for difference in differences]))
    return differences


def find_last_check() -> LedgerCheck | None:
    """The newest result, or None before the first night."""
    return db.session.scalar(select(LedgerCheck).order_by(LedgerCheck.id.desc()).limit(1))
