"""What is sold, who bought it, what the gateway said, what was given back, and which credits were granted."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Interval, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.extensions import Model, db


class PackageType(StrEnum):
    """CREDIT sells postings, SUBSCRIPTION sells time."""

    CREDIT = "CREDIT"
    SUBSCRIPTION = "SUBSCRIPTION"


class TransactionStatus(StrEnum):
    """A partial refund stays SUCCESS."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"


class Provider(StrEnum):
    VNPAY = "vnpay"
    STRIPE = "stripe"


class Outcome(StrEnum):
    """What a gateway event says about the payment. EXPIRED: the gateway takes no payment for this order any more."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class Verdict(StrEnum):
    """What became of a gateway event: the first five by settlement, the others when it was refused at the door."""

    APPLIED = "APPLIED"
    LATE = "LATE"
    DUPLICATE = "DUPLICATE"
    IGNORED = "IGNORED"
    CONFLICT = "CONFLICT"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    STALE = "STALE"
    OVERSIZED = "OVERSIZED"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    WRONG_MERCHANT = "WRONG_MERCHANT"
    WRONG_AMOUNT = "WRONG_AMOUNT"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    UNDECIDED = "UNDECIDED"


class Package(Model):
    """Something on sale. `price` is in the currency's minor unit; `job_posting_limit` is a number of credits."""

    __tablename__ = "packages"
    __table_args__ = (
        CheckConstraint("price > 0", name="price_positive"),
        CheckConstraint("duration_days >= 0 AND job_posting_limit >= 0", name="terms_not_negative"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(db.String(3), default="VND", server_default="VND")
    duration_days: Mapped[int]
    package_type: Mapped[PackageType] = mapped_column(db.String(16))
    job_posting_limit: Mapped[int] = mapped_column(default=0, server_default="0")
    allow_unlimited_posting: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    description: Mapped[str] = mapped_column(default="", server_default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())

    def snapshot(self) -> dict[str, Any]:
        """The terms as a purchase keeps them, whatever becomes of the package."""
        names = ("id", "name", "price", "currency", "duration_days", "package_type", "job_posting_limit", "allow_unlimited_posting", "description")
        return {name: getattr(self, name) for name in names}


class RefundStatus(StrEnum):
    """REQUESTED: booked, the gateway has still to be asked. ACCEPTED: it works on it. REFUSED: it will not, and the booking is undone.
    UNKNOWN: it never answered; people have to find out."""

    REQUESTED = "REQUESTED"
    ACCEPTED = "ACCEPTED"
    DONE = "DONE"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class Transaction(Model):
    """One intent to pay. `package` is the snapshot of the terms; `gateway_transaction_no` is of the payment that settled it.

    `gateway_reference` is the gateway's own name for the order; `payment_url` is empty until a gateway that must be asked has answered.
    `queried_at` is when the gateway was last asked what became of it, `answered_at` when it last said so.
    """

    __tablename__ = "transactions"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("refunded_amount BETWEEN 0 AND amount", name="refund_within_amount"),
        Index("ix_transactions_user", "user_id", text("created_at DESC"), text("id DESC")),
        Index("ix_transactions_pending", "expires_at", postgresql_where=text("status = 'PENDING'")),
        Index("ix_transactions_expired", "expires_at", postgresql_where=text("status = 'EXPIRED'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    transaction_code: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    package_id: Mapped[int] = mapped_column(ForeignKey("packages.id", ondelete="RESTRICT"), index=True)
    package: Mapped[dict[str, Any]] = mapped_column(JSONB)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(db.String(3))
    status: Mapped[TransactionStatus] = mapped_column(db.String(12), default=TransactionStatus.PENDING, server_default="PENDING")
    provider: Mapped[Provider] = mapped_column(db.String(16))
    payment_url: Mapped[str]
    gateway_transaction_no: Mapped[str | None]
    refunded_amount: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    gateway_reference: Mapped[str | None]
    queried_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))

    @property
    def is_final(self) -> bool:
        """Whether the gateway need not tell again."""
        return self.status in {TransactionStatus.SUCCESS, TransactionStatus.REFUNDED}


class GatewayEvent(Model):
    """The inbox: what a gateway sent, stored before anything follows from it. `event_id` is unique per provider.

    `processed_at` and `verdict` are set by settlement, or at once for an event that was refused (which has no `outcome`); `reason` then
    says why in a sentence. `address` and `request_id` are the caller's, `body` what it posted.
    `transaction_id` is no foreign key: its check would make the gateway wait for whoever holds the transaction's row.
    """

    __tablename__ = "gateway_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_gateway_events_stray", "received_at", postgresql_where=text("transaction_id IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[Provider] = mapped_column(db.String(16))
    event_id: Mapped[str]
    body: Mapped[str | None]
    transaction_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    outcome: Mapped[Outcome | None] = mapped_column(db.String(12))
    gateway_transaction_no: Mapped[str] = mapped_column(default="", server_default="")
    raw: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    address: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]
    processed_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    verdict: Mapped[Verdict | None] = mapped_column(db.String(16), index=True)
    reason: Mapped[str | None]


class CreditGrant(Model):
    """Posting credits that a user was given (or, negative, that an admin took): by a purchase or by an admin."""

    __tablename__ = "credit_grants"
    __table_args__ = (CheckConstraint("credits <> 0", name="credits_not_zero"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    credits: Mapped[int]
    reason: Mapped[str]
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id", ondelete="RESTRICT"), unique=True)
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())


class Refund(Model):
    """Money given back for a transaction, and the unused credits and the membership taken back with it.

    `first_called_at` is committed before the gateway is called for the first time; `gateway_reference` is its number of the refund.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount > 0 AND credits_taken >= 0", name="amounts"),
        Index("ix_refunds_gateway_reference", "gateway_reference", postgresql_where=text("gateway_reference IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id", ondelete="RESTRICT"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    credits_taken: Mapped[int]
    reason: Mapped[str]
    refunded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    status: Mapped[RefundStatus] = mapped_column(db.String(12), default=RefundStatus.REQUESTED, server_default="REQUESTED")
    membership_taken: Mapped[timedelta] = mapped_column(Interval, default=timedelta(), server_default="0")
    unlimited_taken: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    gateway_reference: Mapped[str | None]
    refusal: Mapped[str | None]
    first_called_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
