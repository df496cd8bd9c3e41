"""Asking gateways what became of orders that nobody told us about.

A payment that is still pending after 15 minutes is asked for by our code, and again every few minutes; one that expired without an
answer is asked for a while longer. The answer goes into the inbox like any other event and meets the same state machine: a late success
is granted and flagged. No answer, or one that says nothing final, changes nothing: unknown is not failed. `settlement.expire_pending`
ends what is unknown, and only after the gateway has stopped calling.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, update

from app.core.clock import statement_time
from app.extensions import db
from app.payments import inbox
from app.payments.differences import note_difference
from app.payments.inbox import Message
from app.payments.models import Outcome, Provider, Transaction, TransactionStatus, Verdict
from app.payments.providers.base import Finding, Payment, PaymentState
from app.payments.reconciliation_models import DifferenceKind
from app.payments.refund_calls import payment_of

PATIENCE = timedelta(minutes=15)
# A little less than beat's pause, so that each order is asked for in every round.
PAUSE = timedelta(minutes=4)
LOOK_BACK = timedelta(days=3)
OUTCOMES = {PaymentState.PAID: Outcome.SUCCEEDED, PaymentState.FAILED: Outcome.FAILED, PaymentState.CLOSED: Outcome.EXPIRED}


@dataclass(frozen=True)
class Question:
    """An order that is to be asked for, and where."""

    transaction_id: int
    provider: Provider
    payment: Payment


def next_question(*, silent: Collection[Provider] = ()) -> Question | None:
    """Take the order that has waited longest for being asked for; not of `silent` gateways. None when no order is due.

    Several callers at once get different orders; each order once in `PAUSE`.
    """
    clock = statement_time()
    waiting = (Transaction.status == TransactionStatus.PENDING) & (Transaction.created_at < clock - PATIENCE)
    unanswered = or_(Transaction.answered_at.is_(None), Transaction.answered_at < Transaction.expires_at)
    forgotten = (Transaction.status == TransactionStatus.EXPIRED) & (Transaction.expires_at > clock - LOOK_BACK) & unanswered
    rested = or_(Transaction.queried_at.is_(None), Transaction.queried_at < clock - PAUSE)
    due = (
        select(Transaction.id)
        .where(or_(waiting, forgotten), rested, Transaction.provider.not_in(list(silent)))
        .order_by(Transaction.queried_at.nulls_first(), Transaction.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    asked = update(Transaction).where(Transaction.id == due.scalar_subquery()).values(queried_at=func.clock_timestamp())
    found = db.session.scalars(asked.returning(Transaction).execution_options(populate_existing=True)).one_or_none()
    return Question(found.id, Provider(found.provider), payment_of(found)) if found else None


def take_finding(question: Question, finding: Finding) -> None:
    """Note that the gateway has answered, and leave a final answer to settlement. Amounts that differ are for people."""
    answered = update(Transaction).where(Transaction.id == question.transaction_id)
    db.session.execute(answered.values(answered_at=func.clock_timestamp()))
    asked = question.payment
    message = Message(question.provider, {name: str(value) for name, value in finding.raw.items() if name != "vnp_SecureHash"})
    if finding.state == PaymentState.PAID and (finding.amount, finding.currency) != (asked.amount, asked.currency):
        _refuse(question, finding, message)
    elif finding.state in OUTCOMES:
        inbox.accept(
            message,
            f"query:{asked.code}:{finding.payment_no}:{finding.state}",
            transaction_id=question.transaction_id,
            outcome=OUTCOMES[finding.state],
            transaction_no=finding.payment_no,
        )
    elif finding.needs_people:
        detail = f"Asked for order {asked.code}, the gateway says something that only people can judge"
        note_difference(
            DifferenceKind.UNREADABLE_ANSWER,
            question.provider,
            asked.code,
            detail,
            transaction_id=question.transaction_id,
            answer=inbox.kept_fields(message),
        )


def _refuse(question: Question, finding: Finding, message: Message) -> None:
    asked = question.payment
    reason = f"The order is {asked.amount} {asked.currency}; the gateway says {finding.amount} {finding.currency}."
    inbox.refuse(message, Verdict.WRONG_AMOUNT, reason, transaction_id=question.transaction_id)
    note_difference(
        DifferenceKind.WRONG_AMOUNT, question.provider, f"{asked.code}:{finding.payment_no}", reason, transaction_id=question.transaction_id
    )
