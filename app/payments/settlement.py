"""Settlement: gateway events applied to their transactions, with the grant, the books, the audit and the news in one transaction.

Many events are applied at a time, because one commit and one statement a table serve them all. Rows are locked in one order
(events, transactions, users, each by id), so that two batches, a refund and a posting cannot wait for each other in a circle.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import select, update

from app.accounts import audit
from app.accounts.models import User
from app.core.clock import now, statement_time
from app.extensions import db
from app.payments import ledger
from app.payments.entitlements import Terms, after_purchase
from app.payments.holdings import holding_of, lock_holders, set_holding
from app.payments.ledger import CREDIT, Account, Group, Kind
from app.payments.models import CreditGrant, GatewayEvent, Outcome, Transaction, TransactionStatus, Verdict
from app.payments.news import tell_failed, tell_settled
from app.payments.receipts.issuing import request_receipts
from app.payments.states import decide

log = structlog.get_logger()

# VNPay repeats its call up to 10 times, 5 minutes apart, after the payer's own time is over.
GATEWAY_WINDOW = timedelta(minutes=60)


class Settled(NamedTuple):
    """A transaction that an event has just paid."""

    event: GatewayEvent
    transaction: Transaction


def apply_events(event_ids: Sequence[int]) -> None:
    """Apply stored events in the order of their arrival, all in the open transaction. Applying one twice changes nothing."""
    waiting = GatewayEvent.id.in_(event_ids) & GatewayEvent.processed_at.is_(None) & GatewayEvent.outcome.is_not(None)
    events = db.session.scalars(select(GatewayEvent).where(waiting).order_by(GatewayEvent.id).with_for_update()).all()
    transactions = _lock_transactions({event.transaction_id for event in events})
    at = now()
    settled, failed = [], []
    for event in events:
        transaction = transactions[event.transaction_id]
        before = transaction.status
        if _apply(event, transaction, at):
            settled.append(Settled(event, transaction))
        elif transaction.status == TransactionStatus.FAILED != before:
            failed.append(transaction)
    _grant(settled, at)
    request_receipts([transaction.id for _, transaction in settled])
    tell_settled([transaction for _, transaction in settled])
    # Who is told of a failure has not paid by another event of the same batch.
    tell_failed([transaction for transaction in failed if transaction.status == TransactionStatus.FAILED])


def _lock_transactions(ids: set[int | None]) -> dict[int | None, Transaction]:
    # The session may have seen them before: what counts is what they are under the lock.
    query = select(Transaction).where(Transaction.id.in_(ids)).order_by(Transaction.id).with_for_update(key_share=True)
    return {row.id: row for row in db.session.scalars(query.execution_options(populate_existing=True))}


def _apply(event: GatewayEvent, transaction: Transaction, at: datetime) -> bool:
    """Note what the event means for its transaction; whether it pays for it."""
    number = event.gateway_transaction_no
    decision = decide(TransactionStatus(transaction.status), transaction.gateway_transaction_no, Outcome(event.outcome or ""), number)
    event.verdict, event.processed_at = decision.verdict, at
    transaction.status = decision.status
    if decision.grants:
        transaction.gateway_transaction_no, transaction.settled_at = number, at
    if decision.verdict in {Verdict.LATE, Verdict.CONFLICT}:
        log.warning("payment_event_flagged", verdict=decision.verdict, event_id=event.id, transaction_id=transaction.id)
    log.info("payment_event_applied", event_id=event.id, transaction_id=transaction.id, status=decision.status, verdict=decision.verdict)
    return decision.grants


def _grant(settled: Sequence[Settled], at: datetime) -> None:
    """Give the buyers what they bought, with the ledger groups that say so."""
    users = lock_holders({transaction.user_id for _, transaction in settled})
    groups = []
    for event, transaction in settled:
        user, bought = users[transaction.user_id], Terms.of(transaction.package)
        set_holding(user, after_purchase(holding_of(user), bought, at))
        if bought.credits:
            db.session.add(CreditGrant(user_id=user.id, credits=bought.credits, reason=transaction.transaction_code, transaction_id=transaction.id))
        groups.append(_group(transaction, bought))
        _audit(event, transaction, user, bought)
    ledger.book_each(groups)


def _group(transaction: Transaction, bought: Terms) -> Group:
    """The money is the gateway's debt to us and not earned yet; the credits are ours to the buyer."""
    user_id = transaction.user_id
    money = ledger.transfer(Account.GATEWAY_RECEIVABLE, Account.REVENUE_DEFERRED, transaction.amount, transaction.currency, user_id=user_id)
    credits = ledger.transfer(Account.CREDITS_ISSUED, Account.CREDITS_OWED, bought.credits, CREDIT, user_id=user_id)
    return Group(f"transaction:{transaction.id}", Kind.SETTLEMENT, [*money, *credits])


def _audit(event: GatewayEvent, transaction: Transaction, user: User, bought: Terms) -> None:
    audit.record(
        "payment.settled",
        actor_id=None,
        subject_type="transaction",
        subject_id=transaction.id,
        address=event.address,
        request_id=event.request_id,
        user_id=user.id,
        amount=transaction.amount,
        currency=transaction.currency,
        credits=bought.credits,
        event_id=event.id,
    )


def expire_pending(limit: int = 1000) -> int:
    """Mark what nobody paid, once the gateway has stopped calling about it. Returns how many; a late success still counts."""
    old = (
        select(Transaction.id)
        .where(Transaction.status == TransactionStatus.PENDING, Transaction.expires_at < statement_time() - GATEWAY_WINDOW)
        .order_by(Transaction.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    expired = update(Transaction).where(Transaction.id.in_(old)).values(status=TransactionStatus.EXPIRED).returning(Transaction.id)
    return len(db.session.execute(expired).all())
