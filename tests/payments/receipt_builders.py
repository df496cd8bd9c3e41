"""Paid transactions and finished refunds whose documents are asked for and not made yet."""

from app.core.clock import now
from app.extensions import db
from app.payments.models import Refund, RefundStatus, TransactionStatus
from app.payments.receipts import issuing
from tests.payments.builders import add_package, buy, buyer


def paid(count: int) -> list[int]:
    """So many paid transactions, each with its task; their ids."""
    user, package = buyer(), add_package()
    transactions = [buy(user, package) for _ in range(count)]
    for transaction in transactions:
        transaction.status, transaction.settled_at, transaction.gateway_transaction_no = TransactionStatus.SUCCESS, now(), "14422574"
    ids = [transaction.id for transaction in transactions]
    issuing.request_receipts(ids)
    db.session.commit()
    return ids


def refunded(transaction_id: int) -> int:
    """A refund of 500,000 that the gateway has made, with its task; its id."""
    refund = Refund(
        transaction_id=transaction_id, amount=500_000, credits_taken=3, reason="Mua nhầm", status=RefundStatus.DONE, gateway_reference="R-1"
    )
    db.session.add(refund)
    db.session.flush()
    issuing.request_credit_notes([refund.id])
    db.session.commit()
    return refund.id
