"""What must follow from the ledger: one rule a function, each comparing what other tables keep with what is booked. Reads only.

Each comparison is one statement, and so of one moment: the books may be proven while payments are settled.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, String, Subquery, case, cast, func, literal, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from app.accounts.models import AuditEntry, User
from app.extensions import db
from app.payments.ledger import Account, Kind, LedgerEntry, LedgerGroup
from app.payments.models import CreditGrant, Refund, RefundStatus, Transaction
from app.payments.service import POSTING_CHARGED
from app.payments.states import PAID

CAPTURED, GIVEN = "captured", "given"


@dataclass(frozen=True)
class Discrepancy:
    """A row whose number is not the ledger's."""

    rule: str
    row: str
    kept: int
    booked: int

    def __str__(self) -> str:
        return f"{self.rule}: {self.row} has {self.kept}, the ledger says {self.booked}"


def find_discrepancies() -> list[Discrepancy]:
    """Every difference, rule by rule; none when the books are right."""
    return [difference for rule in RULES for difference in rule()]


def _unbalanced_groups() -> list[Discrepancy]:
    total = func.sum(LedgerEntry.amount)
    groups = select(LedgerEntry.group_id, LedgerEntry.currency, total).group_by(LedgerEntry.group_id, LedgerEntry.currency).having(total != 0)
    rows = db.session.execute(groups)
    return [Discrepancy("groups sum to zero", f"group {group_id} in {currency}", 0, int(found)) for group_id, currency, found in rows]


def _credit_balances() -> list[Discrepancy]:
    """users.job_posting_credits is what was granted less what was used and taken back."""
    booked = _booked(Account.CREDITS_OWED)
    owed = select(LedgerEntry.user_id, (-booked).label("booked")).where(LedgerEntry.user_id.is_not(None)).group_by(LedgerEntry.user_id).subquery()
    rows = select(User.id, User.job_posting_credits, func.coalesce(owed.c.booked, 0)).outerjoin(owed, owed.c.user_id == User.id)
    return _differing("credit balance", "user", rows.where(User.job_posting_credits != func.coalesce(owed.c.booked, 0)))


def _credits_traced() -> list[Discrepancy]:
    """The same balance from the other side: a user's grants, less what refunds took back and what postings used (booked as a negative)."""
    stands = Refund.status != RefundStatus.REFUSED
    moves = union_all(
        select(CreditGrant.user_id.label("user_id"), CreditGrant.credits.label("credits")),
        select(Transaction.user_id, -Refund.credits_taken).join(Refund, Refund.transaction_id == Transaction.id).where(stands),
        select(LedgerEntry.user_id, LedgerEntry.amount).where(LedgerEntry.account == Account.CREDITS_USED),
    ).subquery()
    traced = select(moves.c.user_id, func.sum(moves.c.credits).label("credits")).group_by(moves.c.user_id).subquery()
    found = func.coalesce(traced.c.credits, 0)
    rows = select(User.id, User.job_posting_credits, found).outerjoin(traced, traced.c.user_id == User.id)
    return _differing("grants less uses", "user", rows.where(User.job_posting_credits != found))


def _grants() -> list[Discrepancy]:
    """Each grant is booked under its purchase or under itself."""
    source = case(
        (CreditGrant.transaction_id.is_not(None), literal("transaction:") + cast(CreditGrant.transaction_id, String)),
        else_=literal("credit_grant:") + cast(CreditGrant.id, String),
    )
    booked = _booked_by_source(Account.CREDITS_ISSUED, Kind.SETTLEMENT, Kind.GRANT)
    return _differing("grants", "credit grant", _beside(booked, CreditGrant.id, CreditGrant.credits, source))


def _captured() -> list[Discrepancy]:
    """A paid transaction is booked with its whole amount, any other with nothing."""
    kept = case((Transaction.status.in_(PAID), Transaction.amount), else_=0)
    booked = _booked_by_source(Account.GATEWAY_RECEIVABLE, Kind.SETTLEMENT)
    return _differing("captured money", "transaction", _beside(booked, Transaction.id, kept, literal("transaction:") + cast(Transaction.id, String)))


def _deferred() -> list[Discrepancy]:
    """What is not earned yet is what was captured less the revenue, and never less than nothing."""
    paid = select(Transaction.currency, func.sum(Transaction.amount).label("amount")).where(Transaction.status.in_(PAID))
    captured = paid.group_by(Transaction.currency).subquery()
    deferred, revenue = -_booked(Account.REVENUE_DEFERRED), -_booked(Account.REVENUE)
    booked = select(LedgerEntry.currency, deferred.label("deferred"), revenue.label("revenue")).group_by(LedgerEntry.currency).subquery()
    kept = captured.c.amount - booked.c.revenue
    rows = select(captured.c.currency, kept, booked.c.deferred).join(booked, booked.c.currency == captured.c.currency)
    return _differing("deferred revenue", "currency", rows.where((kept != booked.c.deferred) | (booked.c.deferred < 0)))


def _refunded() -> list[Discrepancy]:
    """A transaction's refunded_amount is the sum of its refunds that stand, and each of them is booked."""
    stands = Refund.status != RefundStatus.REFUSED
    given = select(Refund.transaction_id, func.sum(Refund.amount).label("amount")).where(stands).group_by(Refund.transaction_id).subquery()
    sum_given = func.coalesce(given.c.amount, 0)
    all_given = select(Transaction.id, Transaction.refunded_amount, sum_given).outerjoin(given, given.c.transaction_id == Transaction.id)
    totals = all_given.where(Transaction.refunded_amount != sum_given)
    booked = _booked_by_source(Account.REFUNDS, Kind.REFUND, Kind.REFUND_REVERSED)
    kept = case((stands, Refund.amount), else_=0)
    rows = _beside(booked, Refund.id, kept, literal("refund:") + cast(Refund.id, String))
    return [*_differing("refunded money", "transaction", totals), *_differing("refunds", "refund", rows)]


def _receivable() -> list[Discrepancy]:
    """By currency: what gateways owe us is all that was captured less the refunds that stand, and REFUNDS holds these alone.

    Rules on single rows would not see a group whose source is no row of ours. It is one statement, as each rule is, so that what is
    settled meanwhile is on both sides or on neither.
    """
    captured = _sum(literal(CAPTURED), Transaction.amount).where(Transaction.status.in_(PAID)).group_by(Transaction.currency)
    standing = _sum(literal(GIVEN), Refund.amount).join(Refund, Refund.transaction_id == Transaction.id).where(Refund.status != RefundStatus.REFUSED)
    accounts = (Account.GATEWAY_RECEIVABLE, Account.REFUNDS)
    lines = select(LedgerEntry.account, LedgerEntry.currency, func.sum(LedgerEntry.amount)).where(LedgerEntry.account.in_(accounts))
    booked = lines.group_by(LedgerEntry.account, LedgerEntry.currency)
    rows: Iterable[Any] = db.session.execute(union_all(captured, standing.group_by(Transaction.currency), booked))
    sums = Counter({(what, currency): int(amount) for what, currency, amount in rows})
    found = []
    for currency in sorted({currency for _, currency in sums}):
        paid, given = sums[CAPTURED, currency], sums[GIVEN, currency]
        owed, refunds = (sums[account, currency] for account in accounts)
        found.append(Discrepancy("gateway receivable", f"currency {currency}", paid - given, owed))
        found.append(Discrepancy("refunds together", f"currency {currency}", given, refunds))
    return [difference for difference in found if difference.kept != difference.booked]


def _uses() -> list[Discrepancy]:
    """What the ledger says that opening a job cost is what the audit log says."""
    cost = AuditEntry.data["credits"].as_integer()
    told = select(AuditEntry.subject_id.label("job_id"), func.sum(cost).label("credits")).where(AuditEntry.action == POSTING_CHARGED)
    told_each = told.group_by(AuditEntry.subject_id).subquery()
    job_id = cast(func.split_part(LedgerGroup.source, ":", 2), BigInteger)
    used = select(job_id.label("job_id"), (-_booked(Account.CREDITS_USED)).label("credits")).join(LedgerEntry, LedgerEntry.group_id == LedgerGroup.id)
    used_each = used.where(LedgerGroup.kind == Kind.POSTING).group_by(job_id).subquery()
    kept, booked = func.coalesce(told_each.c.credits, 0), func.coalesce(used_each.c.credits, 0)
    rows = select(func.coalesce(told_each.c.job_id, used_each.c.job_id), kept, booked).select_from(told_each)
    joined = rows.join(used_each, told_each.c.job_id == used_each.c.job_id, full=True)
    return _differing("uses", "job", joined.where(kept != booked))


def _sum(what: ColumnElement[str], amount: Any) -> Select[str, str, int]:
    return select(what, Transaction.currency, func.sum(amount)).select_from(Transaction)


def _booked(account: Account) -> ColumnElement[int]:
    return func.coalesce(func.sum(LedgerEntry.amount).filter(LedgerEntry.account == account), 0)


def _booked_by_source(account: Account, *kinds: Kind) -> Subquery:
    """What these kinds of groups book to `account`, by source: summed once, because a sum for each row would take hours some day."""
    lines = select(LedgerGroup.source, _booked(account).label("booked")).join(LedgerEntry, LedgerEntry.group_id == LedgerGroup.id)
    return lines.where(LedgerGroup.kind.in_(kinds)).group_by(LedgerGroup.source).subquery()


def _beside(booked: Subquery, row_id: Any, kept: Any, source: ColumnElement[str]) -> Select[Any, int, int]:
    """The rows whose `kept` is not what is booked under their `source`."""
    found = func.coalesce(booked.c.booked, 0)
    return select(row_id, kept, found).outerjoin(booked, booked.c.source == source).where(kept != found)


def _differing(rule: str, kind: str, rows: Select[Any, int, int]) -> list[Discrepancy]:
    return [Discrepancy(rule, f"{kind} {row_id}", int(kept), int(booked)) for row_id, kept, booked in db.session.execute(rows)]


RULES = (_unbalanced_groups, _credit_balances, _credits_traced, _uses, _grants, _captured, _deferred, _refunded, _receivable)
