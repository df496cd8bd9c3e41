"""Refunds: decided and booked here at once, carried out at the gateway by a durable task (see `refund_calls`).

The rule on credits: with the money goes the same share of the purchase's credits, as far as they are unused (see
`entitlements.credits_to_take`); a full refund also takes back the days of membership. Both are taken when the refund is decided, so that
they cannot be spent while the gateway works; a gateway that refuses gives them back (see `refund_reversal`).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.accounts import audit
from app.accounts import service as accounts
from app.accounts.models import User
from app.core.clock import now
from app.core.outbox import enqueue
from app.extensions import db
from app.payments import ledger
from app.payments.entitlements import Terms, after_full_refund, credits_to_take
from app.payments.errors import NotRefundable, RefundTooLarge, TransactionNotFound
from app.payments.holdings import holding_of, set_holding
from app.payments.ledger import CREDIT, Account, Kind
from app.payments.models import Refund, RefundStatus, Transaction, TransactionStatus

# With the back-off of `leases`, some eight hours: longer than a gateway's bad day, shorter than its memory of our request.
ATTEMPTS = 24


def refund(actor_id: int, transaction_id: int, amount: int | None, reason: str) -> Transaction:
    """Refund `amount`, or all that is left when it is None; all of a refunded transaction again changes nothing.

    The transaction's row is locked, so refunds together never exceed what was paid.
    Raises TransactionNotFound, NotRefundable, RefundTooLarge.
    """
    transaction = lock_transaction(transaction_id)
    if transaction is None:
        raise TransactionNotFound("There is no such transaction.")
    if transaction.status == TransactionStatus.REFUNDED and amount is None:
        return transaction
    if transaction.status != TransactionStatus.SUCCESS:
        raise NotRefundable
    remaining = transaction.amount - transaction.refunded_amount
    if amount is not None and amount > remaining:
        raise RefundTooLarge(remaining)
    _apply(transaction, amount or remaining, reason, actor_id)
    return transaction


def lock_transaction(transaction_id: int) -> Transaction | None:
    """The transaction as it is now, locked until the end of the open transaction."""
    query = select(Transaction).where(Transaction.id == transaction_id).with_for_update(key_share=True)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _apply(transaction: Transaction, amount: int, reason: str, actor_id: int) -> None:
    user = accounts.get_user(transaction.user_id, for_update=True)
    transaction.refunded_amount += amount
    row = Refund(transaction_id=transaction.id, amount=amount, credits_taken=_take_credits(transaction, user), reason=reason, refunded_by=actor_id)
    if transaction.refunded_amount == transaction.amount:
        transaction.status = TransactionStatus.REFUNDED
        _take_membership(row, transaction, user)
    db.session.add(row)
    db.session.flush()
    ledger.book(
        f"refund:{row.id}",
        Kind.REFUND,
        [
            *ledger.transfer(Account.REFUNDS, Account.GATEWAY_RECEIVABLE, amount, transaction.currency, user_id=user.id),
            *ledger.transfer(Account.CREDITS_OWED, Account.CREDITS_ISSUED, row.credits_taken, CREDIT, user_id=user.id),
        ],
    )
    enqueue("gateway.refund", {"refund_id": row.id}, max_attempts=ATTEMPTS)
    note_refund("payment.refunded", row, transaction, actor_id=actor_id, credits_taken=row.credits_taken, reason=reason)


def note_refund(action: str, refund: Refund, transaction: Transaction, *, actor_id: int | None = None, **data: str | int | None) -> None:
    """Tell the audit log what became of a refund; `data` is what this step adds."""
    figures: dict[str, Any] = {"refund_id": refund.id, "amount": refund.amount, "currency": transaction.currency, **data}
    audit.record(action, actor_id=actor_id, subject_type="transaction", subject_id=transaction.id, **figures)


def _take_credits(transaction: Transaction, user: User) -> int:
    standing = (Refund.transaction_id == transaction.id) & (Refund.status != RefundStatus.REFUSED)
    before = db.session.scalar(select(func.coalesce(func.sum(Refund.credits_taken), 0)).where(standing))
    taken = credits_to_take(
        granted=Terms.of(transaction.package).credits,
        taken_before=before or 0,
        amount=transaction.amount,
        refunded=transaction.refunded_amount,
        balance=user.job_posting_credits,
    )
    user.job_posting_credits -= taken
    return taken


def _take_membership(row: Refund, transaction: Transaction, user: User) -> None:
    at, held = now(), holding_of(user)
    left = after_full_refund(held, Terms.of(transaction.package), at, others=_other_purchases(transaction))
    set_holding(user, left)
    row.membership_taken = _rest(held.membership_expires_at, at) - _rest(left.membership_expires_at, at)
    row.unlimited_taken = held.is_member(at) and held.has_unlimited_posting and not left.has_unlimited_posting


def _rest(end: datetime | None, at: datetime) -> timedelta:
    return max(timedelta(), end - at) if end is not None else timedelta()


def _other_purchases(transaction: Transaction) -> list[Terms]:
    mine = (Transaction.user_id == transaction.user_id) & (Transaction.id != transaction.id)
    packages = select(Transaction.package).where(mine, Transaction.status == TransactionStatus.SUCCESS)
    return [Terms.of(package) for package in db.session.scalars(packages)]
