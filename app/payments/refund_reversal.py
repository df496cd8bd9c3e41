"""Undoing a refund's booking when the gateway does not carry it out: money, credits and membership are as if it had not been decided."""

from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import User
from app.core.clock import now
from app.extensions import db
from app.payments import ledger
from app.payments.holdings import holding_of
from app.payments.ledger import CREDIT, Account, Kind
from app.payments.models import Refund, RefundStatus, Transaction, TransactionStatus
from app.payments.refunds import note_refund


def reverse(refund: Refund, transaction: Transaction, reason: str) -> None:
    """Book the opposite of `refund`, both rows locked by the caller. What was taken comes back, whatever else was bought meanwhile."""
    user = accounts.get_user(transaction.user_id, for_update=True)
    refund.status, refund.refusal = RefundStatus.REFUSED, reason
    transaction.refunded_amount -= refund.amount
    transaction.status = TransactionStatus.SUCCESS
    user.job_posting_credits += refund.credits_taken
    for row in db.session.scalars(select(Refund).where(Refund.transaction_id == transaction.id).order_by(Refund.id)):
        # Membership went with the refund that made it whole; it is whole no more.
        _give_membership_back(row, user)
    ledger.book(
        f"refund:{refund.id}",
        Kind.REFUND_REVERSED,
        [
            *ledger.transfer(Account.GATEWAY_RECEIVABLE, Account.REFUNDS, refund.amount, transaction.currency, user_id=user.id),
            *ledger.transfer(Account.CREDITS_ISSUED, Account.CREDITS_OWED, refund.credits_taken, CREDIT, user_id=user.id),
        ],
    )
    note_refund("payment.refund_reversed", refund, transaction, credits_returned=refund.credits_taken, reason=reason)


def _give_membership_back(row: Refund, user: User) -> None:
    if not row.membership_taken and not row.unlimited_taken:
        return
    held = holding_of(user)
    start = held.membership_expires_at if held.is_member(now()) and held.membership_expires_at else row.created_at
    user.membership_expires_at = start + row.membership_taken
    user.has_unlimited_posting = held.has_unlimited_posting or (row.unlimited_taken and user.membership_expires_at > now())
    row.membership_taken, row.unlimited_taken = row.membership_taken * 0, False
