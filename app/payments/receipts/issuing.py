"""Issuing: what settlement and refunds ask for, and what the tasks they leave do."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select

from app.core.outbox import enqueue, enqueue_each
from app.extensions import db
from app.payments.models import Refund, RefundStatus, Transaction
from app.payments.receipts import numbering
from app.payments.receipts.content import Content, of_failed_refund, of_payment, of_refund
from app.payments.receipts.models import Receipt, Series

ISSUE_RECEIPT = "receipts.issue_receipt"
ISSUE_CREDIT_NOTE = "receipts.issue_credit_note"
ISSUE_DEBIT_NOTE = "receipts.issue_debit_note"
PRINT = "pdf.receipt"


class _Wanted(NamedTuple):
    """One document of a transaction; `refund_id` for the notes on a refund."""

    series: Series
    transaction: Transaction
    refund_id: int | None = None


def request_receipts(transaction_ids: Iterable[int]) -> None:
    """Leave a task for each receipt, in the transaction of the settlement: one statement, and no lock that another settlement wants."""
    enqueue_each(ISSUE_RECEIPT, {f"{ISSUE_RECEIPT}:{row_id}": {"transaction_id": row_id} for row_id in transaction_ids})


def request_credit_notes(refund_ids: Iterable[int]) -> None:
    """Leave a task for each credit note, in the transaction that records the money as given back."""
    enqueue_each(ISSUE_CREDIT_NOTE, {f"{ISSUE_CREDIT_NOTE}:{row_id}": {"refund_id": row_id} for row_id in refund_ids})


def request_debit_note(refund_id: int) -> None:
    """Leave a task for the debit note of a refund that the gateway has taken back, in the transaction that undoes its booking."""
    enqueue(ISSUE_DEBIT_NOTE, {"refund_id": refund_id}, dedupe_key=f"{ISSUE_DEBIT_NOTE}:{refund_id}")


def issue_receipt(transaction_id: int) -> Receipt:
    """The receipt of a paid transaction, numbered now unless it was before. Raises YearTurned; ValueError when nothing was paid."""
    transaction = db.session.get_one(Transaction, transaction_id)
    wanted = _Wanted(Series.RECEIPT, transaction)
    return _find(wanted) or _issue(wanted, of_payment(transaction))


def issue_credit_note(refund_id: int) -> Receipt | None:
    """The credit note of a refund; the receipt that it corrects is issued first where that is still due. Raises YearTurned.

    None when the gateway took the refund back before a number was given: then there is nothing to tell.
    """
    refund = _lock_refund(refund_id)
    receipt = issue_receipt(refund.transaction_id)
    wanted = _Wanted(Series.CREDIT_NOTE, receipt.transaction, refund.id)
    found = _find(wanted)
    if found is not None or refund.status == RefundStatus.REFUSED:
        return found
    return _issue(wanted, of_refund(refund, Content.model_validate(receipt.content), receipt.number))


def issue_debit_note(refund_id: int) -> Receipt | None:
    """The debit note that undoes the credit note of a refund which the gateway took back; None without one. Raises YearTurned.

    A credit note that was issued stands for ever, as its number does: it is undone by another document.
    """
    refund = _lock_refund(refund_id)
    transaction = db.session.get_one(Transaction, refund.transaction_id)
    note = _find(_Wanted(Series.CREDIT_NOTE, transaction, refund.id))
    if note is None or refund.status != RefundStatus.REFUSED:
        return None
    wanted = _Wanted(Series.DEBIT_NOTE, transaction, refund.id)
    return _find(wanted) or _issue(wanted, of_failed_refund(refund, Content.model_validate(note.content), note.number))


def request_print(receipt: Receipt, owner_id: int) -> None:
    """Leave the task that makes the PDF."""
    request_prints({receipt.id: owner_id})


def request_prints(owners: Mapping[int, int]) -> None:
    """Leave the tasks that make the PDFs; `owners` are the buyers by the document's id."""
    args = {f"{PRINT}:{receipt_id}": {"receipt_id": receipt_id} for receipt_id in owners}
    enqueue_each(PRINT, args, {f"{PRINT}:{receipt_id}": owner_id for receipt_id, owner_id in owners.items()})


def _lock_refund(refund_id: int) -> Refund:
    """The refund, whose state stays as it is until the document is committed: no note is issued for what is just being undone."""
    query = select(Refund).where(Refund.id == refund_id).with_for_update(key_share=True)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _issue(wanted: _Wanted, content: Content) -> Receipt:
    year = numbering.stand_in_line(wanted.series)
    ahead_of_us = _find(wanted)
    if ahead_of_us is not None:
        return ahead_of_us
    number = numbering.take_number(wanted.series, year)
    values: dict[str, Any] = {"series": wanted.series, "content": content.model_dump(mode="json"), **vars(number)}
    receipt = Receipt(transaction=wanted.transaction, refund_id=wanted.refund_id, **values)
    db.session.add(receipt)
    db.session.flush()
    request_print(receipt, wanted.transaction.user_id)
    return receipt


def _find(wanted: _Wanted) -> Receipt | None:
    same = (Receipt.transaction_id == wanted.transaction.id) & Receipt.refund_id.is_not_distinct_from(wanted.refund_id)
    return db.session.scalar(select(Receipt).where(same, Receipt.series == wanted.series))
