"""The double-entry ledger: append-only groups of entries that sum to zero in each currency.

Amounts are integers in minor units; a positive amount is a debit, a negative one a credit. `CREDIT` is a currency too: the posting
credits that we owe a user are the negative balance of CREDITS_OWED under that user. The database enforces what this module promises:
a deferred constraint refuses an unbalanced group at commit and lines added to an earlier one, triggers refuse change and removal, and
(source, kind) is unique, so that one cause is booked once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.unit_of_work import take_your_time
from app.extensions import Model, db

CREDIT = "CREDIT"


class Account(StrEnum):
    """What an entry is booked to; the same codes stand in `ledger_accounts`."""

    GATEWAY_RECEIVABLE = "gateway_receivable"
    REVENUE_DEFERRED = "revenue_deferred"
    REVENUE = "revenue"
    REFUNDS = "refunds"
    CREDITS_OWED = "credits_owed"
    CREDITS_ISSUED = "credits_issued"
    CREDITS_USED = "credits_used"


class Kind(StrEnum):
    """Why a group was booked; with its source it is unique."""

    SETTLEMENT = "settlement"
    REFUND = "refund"
    REFUND_REVERSED = "refund_reversed"
    GRANT = "grant"
    POSTING = "posting"
    EARNING = "earning"


class LedgerAccount(Model):
    """The chart of accounts; filled by the migration."""

    __tablename__ = "ledger_accounts"

    code: Mapped[str] = mapped_column(db.String(32), primary_key=True)
    name: Mapped[str]


class LedgerGroup(Model):
    """One cause: `source` names a row (`transaction:12`), `kind` what happened to it.

    `made_in` is the database's number of the transaction that made it, in which alone lines can be added.
    """

    __tablename__ = "ledger_groups"
    __table_args__ = (UniqueConstraint("source", "kind"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str]
    kind: Mapped[Kind] = mapped_column(db.String(16))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    made_in: Mapped[int | None] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))


class LedgerEntry(Model):
    """One line of a group. `user_id` says whose it is, where that matters."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index("ix_ledger_entries_user_account", "user_id", "account"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("ledger_groups.id", ondelete="RESTRICT"), index=True)
    account: Mapped[Account] = mapped_column(db.String(32), ForeignKey("ledger_accounts.code", ondelete="RESTRICT"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(db.String(8))


@dataclass(frozen=True)
class Entry:
    """A line to be booked: debit positive, credit negative."""

    account: Account
    amount: int
    currency: str
    user_id: int | None = None


@dataclass(frozen=True)
class Group:
    """What is booked for one cause: `source` names its row, `kind` what happened to it."""

    source: str
    kind: Kind
    entries: list[Entry]


def transfer(debit: Account, credit: Account, amount: int, currency: str, *, user_id: int | None = None) -> list[Entry]:
    """The two lines that move `amount` from `credit` to `debit`; none when it is zero."""
    if amount == 0:
        return []
    return [Entry(debit, amount, currency, user_id), Entry(credit, -amount, currency, user_id)]


def book(source: str, kind: Kind, entries: list[Entry]) -> None:
    """Write one group in the open transaction; nothing when there are no entries.

    Raises ValueError for an unbalanced group; IntegrityError when this cause was booked before.
    """
    book_each([Group(source, kind, entries)])


def book_each(groups: Sequence[Group]) -> None:
    """Write many groups by two statements; otherwise as `book`."""
    for group in groups:
        _check_balance(group)
    filled = [group for group in groups if group.entries]
    if not filled:
        return
    causes = [{"source": group.source, "kind": group.kind} for group in filled]
    ids = db.session.scalars(insert(LedgerGroup).returning(LedgerGroup.id, sort_by_parameter_order=True), causes).all()
    lines = [{"group_id": group_id, **vars(entry)} for group_id, group in zip(ids, filled, strict=True) for entry in group.entries]
    # What is returned makes it one statement for all lines instead of one a line.
    db.session.execute(insert(LedgerEntry).returning(LedgerEntry.id), lines)


def _check_balance(group: Group) -> None:
    totals: Counter[str] = Counter()
    for entry in group.entries:
        totals[entry.currency] += entry.amount
    if any(totals.values()):
        raise ValueError(f"the entries of {group.source} do not sum to zero: {dict(totals)}")


def balances() -> list[tuple[str, str, int]]:
    """The trial balance: (account, currency, sum of its entries; debit positive), every account that was ever booked to."""
    take_your_time()
    total = func.sum(LedgerEntry.amount)
    query = select(LedgerEntry.account, LedgerEntry.currency, total).group_by(LedgerEntry.account, LedgerEntry.currency)
    return [(account, currency, int(amount)) for account, currency, amount in db.session.execute(query.order_by("currency", "account"))]
