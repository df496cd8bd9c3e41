"""Proving that the numbers have no gap, and making up for documents that are missing."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.extensions import db
from app.payments.models import Refund, RefundStatus, Transaction
from app.payments.receipts.issuing import request_credit_notes, request_debit_note, request_prints, request_receipts
from app.payments.receipts.models import Receipt, ReceiptCounter, Series, number_of

AT_A_TIME = 1000


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


def request_missing(limit: int = AT_A_TIME) -> Iterator[int]:
    """Leave a task for each payment, finished and failed refund without its document, and for each document without a PDF.

    `limit` at a time: commit after each step, which tells how many it were, until there is none left. What has a task that nobody has begun is
    not asked for twice; of one that is under way the second finds nothing to do.
    """
    receipt = exists().where(Receipt.transaction_id == Transaction.id, Receipt.refund_id.is_(None))
    note = exists().where(Receipt.refund_id == Refund.id, Receipt.series == Series.CREDIT_NOTE)
    undone = exists().where(Receipt.refund_id == Refund.id, Receipt.series == Series.DEBIT_NOTE)
    steps: list[tuple[Select[int], InstrumentedAttribute[int], Callable[[Sequence[int]], None]]] = [
        (select(Transaction.id).where(Transaction.settled_at.is_not(None), ~receipt), Transaction.id, request_receipts),
        (select(Refund.id).where(Refund.status == RefundStatus.DONE, ~note), Refund.id, request_credit_notes),
        (select(Refund.id).where(Refund.status == RefundStatus.REFUSED, note, ~undone), Refund.id, _request_debit_notes),
        (select(Receipt.id).where(Receipt.file_id.is_(None)), Receipt.id, _request_prints),
    ]
    for missing, place, request in steps:
        after = 0
        while found := db.session.scalars(missing.where(place > after).order_by(place).limit(limit)).all():
            request(found)
            after = found[-1]
            yield len(found)


def _request_debit_notes(refund_ids: Sequence[int]) -> None:
    for refund_id in refund_ids:
        request_debit_note(refund_id)


def _request_prints(receipt_ids: Sequence[int]) -> None:
    buyers = select(Receipt.id, Transaction.user_id).join(Receipt.transaction).where(Receipt.id.in_(receipt_ids))
    request_prints(dict(db.session.execute(buyers).all()))
