"""Settlement: what each gateway event does to its transaction, first as a pure state machine, then as rows.

The machine is monotone: a success always wins, whenever it arrives, because the money was taken; nothing undoes it. So events that
are repeated, late or in another order end in the same state and the same ledger.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update

from app.accounts import audit
from app.accounts import service as accounts
from app.core.clock import now
from app.extensions import db
from app.payments import ledger
from app.payments.entitlements import Terms, after_purchase
from app.payments.holdings import holding_of, set_holding
from app.payments.ledger import CREDIT, Account, Kind
from app.payments.models import CreditGrant, GatewayEvent, Outcome, Transaction, TransactionStatus, Verdict
from app.payments.news import tell_failed, tell_settled

log = structlog.get_logger()

# VNPay repeats its call up to 10 times, 5 minutes apart, after the payer's own time is over.
GATEWAY_WINDOW = timedelta(minutes=60)
PAID = frozenset({TransactionStatus.SUCCESS, TransactionStatus.REFUNDED})


@dataclass(frozen=True)
class Decision:
    """The transaction's next status, what is noted on the event, and whether the purchase is granted now."""

    status: TransactionStatus
    verdict: Verdict
    grants: bool = False


def decide(status: TransactionStatus, paid_by: str | None, outcome: Outcome, transaction_no: str) -> Decision:
    """The state machine. `paid_by` is the gateway's number of the payment that settled the transaction, if one did."""
    if outcome == Outcome.SUCCEEDED:
        return _decide_success(status, paid_by, transaction_no)
    if status in PAID:
        return Decision(status, Verdict.IGNORED)
    verdict = Verdict.DUPLICATE if status == TransactionStatus.FAILED else Verdict.APPLIED
    return Decision(TransactionStatus.FAILED, verdict)


def _decide_success(status: TransactionStatus, paid_by: str | None, transaction_no: str) -> Decision:
    if status in PAID:
        return Decision(status, Verdict.DUPLICATE if paid_by == transaction_no else Verdict.CONFLICT)
    verdict = Verdict.APPLIED if status == TransactionStatus.PENDING else Verdict.LATE
    return Decision(TransactionStatus.SUCCESS, verdict, grants=True)


def apply_event(event_id: int) -> None:
    """Apply a stored event to its transaction, both locked. Applying twice changes nothing."""
    event = db.session.scalars(select(GatewayEvent).where(GatewayEvent.id == event_id).with_for_update()).one()
    if event.processed_at is not None or event.outcome is None:
        return
    transaction = db.session.scalars(select(Transaction).where(Transaction.id == event.transaction_id).with_for_update(key_share=True)).one()
    decision = decide(TransactionStatus(transaction.status), transaction.gateway_transaction_no, Outcome(event.outcome), event.gateway_transaction_no)
    event.verdict, event.processed_at = decision.verdict, now()
    transaction.status = decision.status
    if decision.grants:
        _grant(transaction, event.gateway_transaction_no, now())
        tell_settled(transaction)
    elif decision.verdict == Verdict.APPLIED:
        tell_failed(transaction)
    if decision.verdict in {Verdict.LATE, Verdict.CONFLICT}:
        log.warning("payment_event_flagged", verdict=decision.verdict, event_id=event.id, transaction_id=transaction.id)
    log.info("payment_event_applied", event_id=event.id, transaction_id=transaction.id, status=decision.status, verdict=decision.verdict)


def _grant(transaction: Transaction, transaction_no: str, at: datetime) -> None:
    """Give the buyer what was bought, with the ledger entries that say so."""
    transaction.gateway_transaction_no, transaction.settled_at = transaction_no, at
    bought = Terms.of(transaction.package)
    user = accounts.get_user(transaction.user_id, for_update=True)
    set_holding(user, after_purchase(holding_of(user), bought, at))
    if bought.credits:
        db.session.add(CreditGrant(user_id=user.id, credits=bought.credits, reason=transaction.transaction_code, transaction_id=transaction.id))
    ledger.book(
        f"transaction:{transaction.id}",
        Kind.SETTLEMENT,
        [
            *ledger.transfer(Account.GATEWAY_RECEIVABLE, Account.REVENUE_DEFERRED, transaction.amount, transaction.currency, user_id=user.id),
            *ledger.transfer(Account.CREDITS_ISSUED, Account.CREDITS_OWED, bought.credits, CREDIT, user_id=user.id),
        ],
    )
    audit.record(
        "payment.settled",
        actor_id=None,
        subject_type="transaction",
        subject_id=transaction.id,
        amount=transaction.amount,
        currency=transaction.currency,
        credits=bought.credits,
    )


def expire_pending(limit: int = 1000) -> int:
    """Mark what nobody paid, once the gateway has stopped calling about it. Returns how many; a late success still counts."""
    old = (
        select(Transaction.id)
        .where(Transaction.status == TransactionStatus.PENDING, Transaction.expires_at < func.clock_timestamp() - GATEWAY_WINDOW)
        .order_by(Transaction.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    expired = update(Transaction).where(Transaction.id.in_(old)).values(status=TransactionStatus.EXPIRED).returning(Transaction.id)
    return len(db.session.execute(expired).all())
