"""Revenue: what buyers paid in advance is earned day by day over the membership it bought, and booked once a month.

A package is time in which its postings may be used, so its price is earned in equal parts over its days (all of it at once when it has
none); what a refund ended is earned too, because the refund itself stands against it in REFUNDS. The months are the market's. A closing
books the difference between what is earned by its end and what was booked before, so that one that comes late, or a refund that was
undone, needs no correction by hand.
"""

from datetime import datetime, time, timedelta

from sqlalchemy import BigInteger, Integer, case, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.accounts import audit
from app.core.clock import MARKET_ZONE, today
from app.core.unit_of_work import take_your_time
from app.extensions import db
from app.payments import ledger
from app.payments.ledger import Account, Entry, Kind, LedgerEntry, LedgerGroup
from app.payments.models import Refund, RefundStatus, Transaction, TransactionStatus
from app.payments.states import PAID


def close_month() -> list[Entry]:
    """Book the revenue up to the end of the last whole month, unless that has been done. Returns the lines."""
    first_of_this = today().replace(day=1)
    source = f"month:{first_of_this - timedelta(days=1):%Y-%m}"
    if db.session.scalar(select(LedgerGroup.id).where(LedgerGroup.source == source, LedgerGroup.kind == Kind.EARNING)) is not None:
        return []
    take_your_time()
    earned = earned_until(datetime.combine(first_of_this, time(), MARKET_ZONE))
    booked = _booked()
    entries = [
        entry
        for currency in sorted({*earned, *booked})
        for entry in ledger.transfer(Account.REVENUE_DEFERRED, Account.REVENUE, earned.get(currency, 0) - booked.get(currency, 0), currency)
    ]
    ledger.book(source, Kind.EARNING, entries)
    if entries:
        revenue = {entry.currency: -entry.amount for entry in entries if entry.account == Account.REVENUE}
        audit.record(
            "month.closed", actor_id=None, subject_type="month", subject_id=int(f"{first_of_this - timedelta(days=1):%Y%m}"), revenue=revenue
        )
    return entries


def earned_until(moment: datetime) -> dict[str, int]:
    """What is earned by currency, in minor units, of all that was settled before `moment`. Parts of a unit are earned when whole."""
    paid = Transaction.status.in_(PAID) & (Transaction.settled_at < moment)
    total = cast(func.sum(_earned(moment)), BigInteger)
    return {
        currency: int(amount)
        for currency, amount in db.session.execute(select(Transaction.currency, total).where(paid).group_by(Transaction.currency))
    }


def _earned(moment: datetime) -> ColumnElement[int]:
    duration = Transaction.package["duration_days"].as_integer()
    elapsed = cast(func.floor(func.extract("epoch", moment - Transaction.settled_at) / 86400), Integer)
    stands = (Refund.transaction_id == Transaction.id) & (Refund.status != RefundStatus.REFUSED)
    # A closing that comes late must not put into an old month what a refund ended in a later one.
    ended_before = select(func.max(Refund.created_at) < moment).where(stands).scalar_subquery()
    is_over = ((Transaction.status == TransactionStatus.REFUNDED) & func.coalesce(ended_before, True)) | (elapsed >= duration)
    return case((is_over, Transaction.amount), else_=Transaction.amount * elapsed // func.nullif(duration, 0))


def _booked() -> dict[str, int]:
    """What is booked as revenue by currency: a credit balance, here as a positive number."""
    balance = -func.sum(LedgerEntry.amount)
    rows = select(LedgerEntry.currency, balance).where(LedgerEntry.account == Account.REVENUE).group_by(LedgerEntry.currency)
    return {currency: int(amount) for currency, amount in db.session.execute(rows)}
