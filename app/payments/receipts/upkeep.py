"""Proving that the numbers have no gap, and making up for documents that are missing."""

from sqlalchemy import exists, func, select

from app.extensions import db
from app.payments.models import Refund, RefundStatus, Transaction
from app.payments.receipts.issuing import request_credit_notes, request_debit_note, request_print, request_receipts
from app.payments.receipts.models import Receipt, ReceiptCounter, Series, number_of


def find_faults() -> list[str]:
    """What is wrong with the numbers, a sentence each: per series and year they must be 1 to the counter's last, without a gap."""
    given = (
        select(Receipt.series, Receipt.year, func.count().label("count"), func.max(Receipt.serial).label("last"))
        .group_by(Receipt.series, Receipt.year)
        .subquery()
    )
    same = (ReceiptCounter.series == given.c.series) & (ReceiptCounter.year == given.c.year)
    rows = db.session.execute(
        select(
            func.coalesce(ReceiptCounter.series, given.c.series),
            func.coalesce(ReceiptCounter.year, given.c.year),
            func.coalesce(ReceiptCounter.last, 0),
            func.coalesce(given.c.count, 0),
            func.coalesce(given.c.last, 0),
        )
        .select_from(ReceiptCounter)
        .join(given, same, full=True)
    )
    return [
        f"{number_of(Series(series), year, counted)} is the last number given, but there are {count} documents up to {highest}."
        for series, year, counted, count, highest in rows
        if not counted == count == highest
    ]


def request_missing() -> int:
    """Leave a task for each payment, finished and failed refund without its document, and for each document without a PDF. Returns how many.

    What has a task that nobody has begun is not asked for twice; of one that is under way the second finds nothing to do.
    """
    receipt = exists().where(Receipt.transaction_id == Transaction.id, Receipt.refund_id.is_(None))
    unissued = db.session.scalars(select(Transaction.id).where(Transaction.settled_at.is_not(None), ~receipt).order_by(Transaction.id)).all()
    note = exists().where(Receipt.refund_id == Refund.id, Receipt.series == Series.CREDIT_NOTE)
    undone = exists().where(Receipt.refund_id == Refund.id, Receipt.series == Series.DEBIT_NOTE)
    standing = db.session.scalars(select(Refund.id).where(Refund.status == RefundStatus.REFUSED, note, ~undone).order_by(Refund.id)).all()
    uncredited = db.session.scalars(select(Refund.id).where(Refund.status == RefundStatus.DONE, ~note).order_by(Refund.id)).all()
    unprinted = db.session.scalars(select(Receipt).where(Receipt.file_id.is_(None)).order_by(Receipt.id)).all()
    request_receipts(unissued)
    request_credit_notes(uncredited)
    for refund_id in standing:
        request_debit_note(refund_id)
    for document in unprinted:
        request_print(document, document.transaction.user_id)
    return len(unissued) + len(uncredited) + len(standing) + len(unprinted)
