"""The numbered documents, and the last number of each series and year."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import file_purge
from app.core.storage import StoredFile
from app.extensions import Model, db
from app.payments.models import Transaction

FOLDER = "receipts"


class Series(StrEnum):
    """The kinds of document; each has numbers of its own. A DEBIT_NOTE undoes a credit note whose refund came back."""

    RECEIPT = "RECEIPT"
    CREDIT_NOTE = "CREDIT_NOTE"
    DEBIT_NOTE = "DEBIT_NOTE"


_PREFIXES = {Series.RECEIPT: "RC", Series.CREDIT_NOTE: "CN", Series.DEBIT_NOTE: "DN"}


def number_of(series: Series, year: int, serial: int) -> str:
    """The number as people write it: `RC2026-000042`."""
    return f"{_PREFIXES[series]}{year}-{serial:06d}"


def receipt_path(transaction_id: int) -> str:
    """Where a transaction's receipt is served."""
    return f"/api/v1/payments/transactions/{transaction_id}/receipt/"


class ReceiptCounter(Model):
    """The last number given in a series and year; its row lock puts the documents in one line."""

    __tablename__ = "receipt_counters"

    series: Mapped[Series] = mapped_column(db.String(16), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0, server_default="0")


class Receipt(Model):
    """A receipt for a transaction or, with `refund_id`, the credit note for one of its refunds or the debit note that undoes it.

    `content` is what it says, as it was when the number was given; `year` is that of `issued_at` in the market's time zone. A trigger
    lets nobody change or remove any of this; only the printed file comes later and may be replaced.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        UniqueConstraint("refund_id", "series"),
        CheckConstraint("serial > 0", name="serial_positive"),
        CheckConstraint("(series = 'RECEIPT') = (refund_id IS NULL)", name="series_fits"),
        Index("uq_receipts_transaction", "transaction_id", unique=True, postgresql_where=text("refund_id IS NULL")),
        Index("ix_receipts_transaction_id", "transaction_id"),
        Index("ix_receipts_file_id", "file_id", postgresql_where=text("file_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    series: Mapped[Series] = mapped_column(db.String(16))
    year: Mapped[int]
    serial: Mapped[int]
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id", ondelete="RESTRICT"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id", ondelete="RESTRICT"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id", ondelete="RESTRICT"))

    transaction: Mapped[Transaction] = relationship()
    file: Mapped[StoredFile | None] = relationship()

    @property
    def number(self) -> str:
        """The number as people write it."""
        return number_of(Series(self.series), self.year, self.serial)

    @property
    def path(self) -> str:
        """Where the PDF is served."""
        if self.refund_id is None:
            return receipt_path(self.transaction_id)
        return f"/api/v1/payments/credit-notes/{self.id}/"

    @property
    def url(self) -> str | None:
        """`path` once the PDF is there."""
        return self.path if self.file_id is not None else None


file_purge.declare(FOLDER, Receipt.file_id)
