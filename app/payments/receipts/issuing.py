"""Issuing: what settlement and refunds ask for, and what the tasks they leave do."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from app.core.outbox import enqueue, enqueue_each
from app.extensions import db
from app.payments.models import Refund, Transaction
from app.payments.receipts import numbering
from app.payments.receipts.content import Content, of_payment, of_refund
from app.payments.receipts.models import Receipt, Series

ISSUE_RECEIPT = "receipts.issue_receipt"
ISSUE_CREDIT_NOTE = "receipts.issue_credit_note"
PRINT = "pdf.receipt"


def request_receipts(transaction_ids: Iterable[int]) -> None:
    """Leave a task for each receipt, in the transaction of the settlement: one statement, and no lock that another settlement wants."""
    enqueue_each(ISSUE_RECEIPT, {f"{ISSUE_RECEIPT}:{row_id}": {"transaction_id": row_id} for row_id in transaction_ids})


def request_credit_notes(refund_ids: Iterable[int]) -> None:
    """Leave a task for each credit note, in the transaction that records the money as given back."""
    enqueue_each(ISSUE_CREDIT_NOTE, {f"{ISSUE_CREDIT_NOTE}:{row_id}": {"refund_id": row_id} for row_id in refund_ids})


def issue_receipt(transaction_id: int) -> Receipt:
    """The receipt of a paid transaction, numbered now unless it was before. Raises YearTurned; ValueError when nothing was paid."""
    transaction = db.session.get_one(Transaction, transaction_id)
    return _find(transaction.id, None) or _issue(transaction, None, of_payment(transaction))


def issue_credit_note(refund_id: int) -> Receipt:
    """The credit note of a refund; the receipt that it corrects is issued first where that is still due. Raises YearTurned."""
    refund = db.session.get_one(Refund, refund_id)
    receipt = issue_receipt(refund.transaction_id)
    content = of_refund(refund, Content.model_validate(receipt.content), receipt.number)
    return _find(receipt.transaction_id, refund.id) or _issue(receipt.transaction, refund, content)


def request_print(receipt: Receipt, owner_id: int) -> None:
    """Leave the task that makes the PDF."""
    enqueue(PRINT, {"receipt_id": receipt.id}, owner_id=owner_id, dedupe_key=f"{PRINT}:{receipt.id}")


def _issue(transaction: Transaction, refund: Refund | None, content: Content) -> Receipt:
    series = Series.CREDIT_NOTE if refund else Series.RECEIPT
    refund_id = refund.id if refund else None
    year = numbering.stand_in_line(series)
    ahead_of_us = _find(transaction.id, refund_id)
    if ahead_of_us is not None:
        return ahead_of_us
    place = numbering.take_number(series, year)
    values: dict[str, Any] = {"series": series, "content": content.model_dump(mode="json"), **vars(place)}
    receipt = Receipt(transaction=transaction, refund_id=refund_id, **values)
    db.session.add(receipt)
    db.session.flush()
    request_print(receipt, transaction.user_id)
    return receipt


def _find(transaction_id: int, refund_id: int | None) -> Receipt | None:
    found = select(Receipt).where(Receipt.transaction_id == transaction_id, Receipt.refund_id.is_not_distinct_from(refund_id))
    return db.session.scalar(found)
