"""What a gateway's statements say, and the differences that people work on. Differences are never mended by the program."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.extensions import Model, db
from app.payments.models import Provider


class LineKind(StrEnum):
    """What a line of a statement is about."""

    PAYMENT = "PAYMENT"
    REFUND = "REFUND"


class DifferenceKind(StrEnum):
    """How our books and a gateway disagree."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    NOT_SETTLED = "NOT_SETTLED"
    WRONG_AMOUNT = "WRONG_AMOUNT"
    SECOND_PAYMENT = "SECOND_PAYMENT"
    MISSING_PAYMENT = "MISSING_PAYMENT"
    UNREADABLE_ANSWER = "UNREADABLE_ANSWER"
    REFUNDED_ELSEWHERE = "REFUNDED_ELSEWHERE"
    REFUND_REFUSED = "REFUND_REFUSED"
    REFUND_UNANSWERED = "REFUND_UNANSWERED"
    MISSING_REFUND = "MISSING_REFUND"
    RESTATED = "RESTATED"


class Statement(Model):
    """One file that was imported; the same bytes are imported once."""

    __tablename__ = "gateway_statements"
    __table_args__ = (UniqueConstraint("provider", "digest"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[Provider] = mapped_column(db.String(16))
    day: Mapped[date]
    name: Mapped[str]
    digest: Mapped[str]
    imported_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())


class StatementLine(Model):
    """One movement as the gateway states it. `amount` is positive for both kinds; `number` is the gateway's own."""

    __tablename__ = "gateway_statement_lines"
    __table_args__ = (
        UniqueConstraint("provider", "kind", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_gateway_statement_lines_order", "provider", "order_code"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("gateway_statements.id", ondelete="RESTRICT"), index=True)
    provider: Mapped[Provider] = mapped_column(db.String(16))
    kind: Mapped[LineKind] = mapped_column(db.String(8))
    order_code: Mapped[str]
    number: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(db.String(3))


class Difference(Model):
    """Something that does not agree. `fact` names it once, so that seeing it again adds no second row."""

    __tablename__ = "payment_differences"
    __table_args__ = (Index("ix_payment_differences_open", "id", postgresql_where=text("resolved_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fact: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[DifferenceKind] = mapped_column(db.String(24))
    provider: Mapped[Provider] = mapped_column(db.String(16))
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id", ondelete="RESTRICT"), index=True)
    detail: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    resolved_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    resolution: Mapped[str | None]
