"""Carrying a refund out at the gateway: claim, call, record.

That a call is about to be made is committed before it, with the time of the first one. An unanswered call is repeated, as the same
request, only while the gateway still recognises it; after that a person has to find out, because another call could pay twice. What the
gateway says moves a refund along one line and never back: REQUESTED, UNKNOWN, ACCEPTED, DONE, REFUSED.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select

from app.core import leases
from app.core.clock import now
from app.extensions import db
from app.payments import refund_reversal
from app.payments.differences import note_difference
from app.payments.errors import RefundNotFound
from app.payments.models import Provider, Refund, RefundStatus, Transaction
from app.payments.providers.base import Payment, RefundAnswer, RefundOrder
from app.payments.providers.registry import gateway_of
from app.payments.receipts.issuing import request_credit_notes, request_debit_note
from app.payments.reconciliation_models import DifferenceKind
from app.payments.refunds import lock_transaction, note_refund

log = structlog.get_logger()

LINE = (RefundStatus.REQUESTED, RefundStatus.UNKNOWN, RefundStatus.ACCEPTED, RefundStatus.DONE, RefundStatus.REFUSED)


@dataclass(frozen=True)
class RefundCall:
    """What is to be sent, and to whom."""

    provider: Provider
    order: RefundOrder


def begin_call(refund_id: int) -> RefundCall | None:
    """Note that the gateway is called; the caller commits before it calls. None when nothing is to be asked any more."""
    refund, transaction = _lock(refund_id)
    if refund.status != RefundStatus.REQUESTED:
        return None
    provider = Provider(transaction.provider)
    is_repeated = refund.first_called_at is not None
    if refund.first_called_at is None:
        refund.first_called_at = now()
    elif not gateway_of(provider).may_repeat(refund.first_called_at, now()):
        _give_up(refund, transaction, "The gateway may have forgotten the first request: another one could pay twice.")
        return None
    is_whole = refund.amount == transaction.amount
    actor = f"admin{refund.refunded_by or ''}"
    return RefundCall(provider, RefundOrder(refund.id, payment_of(transaction), refund.amount, is_whole, actor, refund.created_at, is_repeated))


def record_answer(refund_id: int, answer: RefundAnswer) -> RefundStatus:
    """Note what the gateway said; the refund's status, which an answer that would lead back does not change.

    A refusal undoes the booking and is shown to people. Raises RefundNotFound.
    """
    refund, transaction = _lock(refund_id)
    before, status = RefundStatus(refund.status), RefundStatus(answer.state)
    refund.gateway_reference = refund.gateway_reference or answer.reference or None
    if LINE.index(status) <= LINE.index(before):
        return before
    refund.status, refund.answered_at = status, now()
    log.info("refund_answered", refund_id=refund.id, transaction_id=transaction.id, status=status, reason=answer.reason)
    match status:
        case RefundStatus.UNKNOWN:
            _give_up(refund, transaction, answer.reason)
        case RefundStatus.REFUSED:
            _undo(refund, transaction, answer.reason, was_done=before == RefundStatus.DONE)
        case _:
            # The decision was noted when it was made; this is the gateway's part.
            action = f"payment.refund_{status.lower()}"
            note_refund(action, refund, transaction, gateway_reference=refund.gateway_reference, reason=answer.reason)
    if status == RefundStatus.DONE:
        request_credit_notes([refund.id])
    return status


@leases.when_dead("gateway.refund")
def give_up_call(args: dict[str, Any], error: str) -> None:
    """The task has used up its attempts."""
    refund, transaction = _lock(args["refund_id"])
    if refund.status == RefundStatus.REQUESTED:
        _give_up(refund, transaction, error)


def payment_of(transaction: Transaction) -> Payment:
    """The transaction as its gateway knows it."""
    return Payment(
        code=transaction.transaction_code,
        reference=transaction.gateway_reference,
        payment_no=transaction.gateway_transaction_no,
        amount=transaction.amount,
        currency=transaction.currency,
        created_at=transaction.created_at,
    )


def _lock(refund_id: int) -> tuple[Refund, Transaction]:
    """Both rows, the transaction first, as everywhere. Raises RefundNotFound."""
    transaction_id = db.session.scalar(select(Refund.transaction_id).where(Refund.id == refund_id))
    transaction = lock_transaction(transaction_id) if transaction_id is not None else None
    if transaction is None:
        raise RefundNotFound
    query = select(Refund).where(Refund.id == refund_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one(), transaction


def _undo(refund: Refund, transaction: Transaction, reason: str, *, was_done: bool) -> None:
    if was_done:
        request_debit_note(refund.id)
    refund_reversal.reverse(refund, transaction, reason)
    detail = f"The gateway refuses refund {refund.id} of {refund.amount} {transaction.currency}: {reason or 'no reason given'}"
    _note(DifferenceKind.REFUND_REFUSED, refund, transaction, detail)


def _give_up(refund: Refund, transaction: Transaction, reason: str) -> None:
    refund.status = RefundStatus.UNKNOWN
    detail = f"Nobody knows whether refund {refund.id} of {refund.amount} {transaction.currency} was made: {reason}"
    _note(DifferenceKind.REFUND_UNANSWERED, refund, transaction, detail)


def _note(kind: DifferenceKind, refund: Refund, transaction: Transaction, detail: str) -> None:
    provider = Provider(transaction.provider)
    note_difference(kind, provider, f"refund {refund.id}", detail, transaction_id=transaction.id, refund_id=refund.id, amount=refund.amount)
