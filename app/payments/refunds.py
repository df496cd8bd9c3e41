"""Refunds: the books' side of money that was given back in the gateway's merchant portal.

The rule on credits: with the money goes the same share of the purchase's credits, as far as they are unused (see
`entitlements.credits_to_take`); a full refund also takes back the days of membership.
"""

from sqlalchemy import func, select

from app.accounts import audit
from app.accounts import service as accounts
from app.accounts.models import User
from app.core.clock import now
from app.extensions import db
from app.payments import ledger
from app.payments.entitlements import Terms, after_full_refund, credits_to_take
from app.payments.errors import NotRefundable, RefundTooLarge, TransactionNotFound
from app.payments.holdings import holding_of, set_holding
from app.payments.ledger import CREDIT, Account, Kind
from app.payments.models import Refund, Transaction, TransactionStatus


def refund(actor_id: int, transaction_id: int, amount: int | None, reason: str) -> Transaction:
    """Refund `amount`, or all that is left when it is None; all of a refunded transaction again changes nothing.

    The transaction's row is locked, so refunds together never exceed what was paid.
    Raises TransactionNotFound, NotRefundable, RefundTooLarge.
    """
    transaction = db.session.scalar(select(Transaction).where(Transaction.id == transaction_id).with_for_update(key_share=True))
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


def _apply(transaction: Transaction, amount: int, reason: str, actor_id: int) -> None:
    user = accounts.get_user(transaction.user_id, for_update=True)
    transaction.refunded_amount += amount
    taken = _take_credits(transaction, user)
    if transaction.refunded_amount == transaction.amount:
        transaction.status = TransactionStatus.REFUNDED
        left = after_full_refund(holding_of(user), Terms.of(transaction.package), now(), others=_other_purchases(transaction))
        set_holding(user, left)
    row = Refund(transaction_id=transaction.id, amount=amount, credits_taken=taken, reason=reason, refunded_by=actor_id)
    db.session.add(row)
    db.session.flush()
    ledger.book(
        f"refund:{row.id}",
        Kind.REFUND,
        [
            *ledger.transfer(Account.REFUNDS, Account.GATEWAY_RECEIVABLE, amount, transaction.currency, user_id=user.id),
            *ledger.transfer(Account.CREDITS_OWED, Account.CREDITS_ISSUED, taken, CREDIT, user_id=user.id),
        ],
    )
    audit.record(
        "payment.refunded",
        actor_id=actor_id,
        subject_type="transaction",
        subject_id=transaction.id,
        amount=amount,
        currency=transaction.currency,
        credits_taken=taken,
        reason=reason,
    )


def _take_credits(transaction: Transaction, user: User) -> int:
    before = db.session.scalar(select(func.coalesce(func.sum(Refund.credits_taken), 0)).where(Refund.transaction_id == transaction.id))
    taken = credits_to_take(
        granted=Terms.of(transaction.package).credits,
        taken_before=before or 0,
        amount=transaction.amount,
        refunded=transaction.refunded_amount,
        balance=user.job_posting_credits,
    )
    user.job_posting_credits -= taken
    return taken


def _other_purchases(transaction: Transaction) -> list[Terms]:
    mine = (Transaction.user_id == transaction.user_id) & (Transaction.id != transaction.id)
    packages = select(Transaction.package).where(mine, Transaction.status == TransactionStatus.SUCCESS)
    return [Terms.of(package) for package in db.session.scalars(packages)]
