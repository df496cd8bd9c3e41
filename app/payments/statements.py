"""Comparing a gateway's daily statement with our books, in both directions. What differs becomes rows for people; nothing is mended.

The one thing that a statement settles is a refund that the gateway had accepted: once it is stated, it is done.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.payments.differences import note_difference
from app.payments.models import Provider, Refund, RefundStatus, Transaction
from app.payments.providers import vnpay_messages
from app.payments.providers.base import RefundAnswer, RefundState
from app.payments.reconciliation_models import Difference, DifferenceKind, LineKind, Statement, StatementLine
from app.payments.refund_calls import record_answer
from app.payments.statements_csv import Line, read_statement
from app.payments.states import PAID

# The zone of a gateway's day.
ZONES: dict[Provider, tzinfo] = {Provider.VNPAY: vnpay_messages.GMT7, Provider.STRIPE: UTC}
# A bank may take days to carry a refund out; only then is it missed.
REFUND_LAG = timedelta(days=7)
# Lines in one statement of SQL.
AT_A_TIME = 1000


@dataclass(frozen=True)
class Imported:
    """What an import did: lines in the file, those that no earlier file had, and new differences. Empty for a file imported before."""

    lines: int
    new_lines: int
    differences: int


def import_statement(provider: Provider, day: date, name: str, data: bytes, *, columns: Mapping[str, str], in_major_units: bool) -> Imported:
    """Take the statement of one `day` and compare. The same file, or a line of an earlier one, again changes nothing.

    Raises StatementUnreadable.
    """
    lines = read_statement(data, provider, columns=columns, in_major_units=in_major_units)
    values = {"provider": provider, "day": day, "name": name, "digest": hashlib.sha256(data).hexdigest()}
    statement_id = db.session.scalar(insert(Statement).values(**values).on_conflict_do_nothing().returning(Statement.id))
    if statement_id is None:
        return Imported(len(lines), 0, 0)
    before = _count_differences()
    new = _store(statement_id, provider, lines)
    for start in range(0, len(new), AT_A_TIME):
        _compare(provider, new[start : start + AT_A_TIME])
    _find_restated(provider, list(set(lines) - set(new)))
    _find_missing_payments(provider, day)
    _find_missing_refunds(provider, day)
    return Imported(len(lines), len(new), _count_differences() - before)


def _store(statement_id: int, provider: Provider, lines: Sequence[Line]) -> list[Line]:
    """Keep the lines; those are returned that no earlier file had."""
    if not lines:
        return []
    columns = ("kind", "order_code", "number", "amount", "currency")
    rows = [{"statement_id": statement_id, "provider": provider, **{column: getattr(line, column) for column in columns}} for line in lines]
    # What is returned makes it one statement for a thousand rows, compiled once.
    statement = insert(StatementLine).on_conflict_do_nothing().returning(StatementLine.kind, StatementLine.number)
    kept = {(kind, number) for kind, number in db.session.execute(statement, rows)}
    return [line for line in lines if (line.kind, line.number) in kept]


def _find_restated(provider: Provider, lines: Sequence[Line]) -> None:
    """What an earlier file said otherwise of the same payment or refund. The earlier line stays; people find out which one holds."""
    for start in range(0, len(lines), AT_A_TIME):
        known = {(line.kind, line.number): line for line in lines[start : start + AT_A_TIME]}
        same = (StatementLine.provider == provider) & tuple_(StatementLine.kind, StatementLine.number).in_(known)
        for stored in db.session.scalars(select(StatementLine).where(same).order_by(StatementLine.id)):
            line = known[LineKind(stored.kind), stored.number]
            if (line.order_code, line.amount, line.currency) != (stored.order_code, stored.amount, stored.currency):
                _note_restated(provider, stored, line)


def _note_restated(provider: Provider, stored: StatementLine, line: Line) -> None:
    before = f"{stored.amount} {stored.currency} for order {stored.order_code}"
    now = f"{line.amount} {line.currency} for order {line.order_code}"
    detail = f"the gateway has {line.kind.lower()} {line.number} of {now}; an earlier statement had {before}"
    note_difference(DifferenceKind.RESTATED, provider, f"{line.kind}:{line.number}:{now}", detail)


def _compare(provider: Provider, lines: Sequence[Line]) -> None:
    """Two statements of SQL for all that agrees, and more only for what differs or concludes a refund."""
    ours = (Transaction.transaction_code.in_({line.order_code for line in lines})) & (Transaction.provider == provider)
    transactions = {transaction.transaction_code: transaction for transaction in db.session.scalars(select(Transaction).where(ours))}
    given_back = _stated_refunds(provider, {line.order_code for line in lines if line.kind == LineKind.REFUND})
    for line in lines:
        transaction = transactions.get(line.order_code)
        found = _payment_flaw(line, transaction) if line.kind == LineKind.PAYMENT else _refund_flaw(line, transaction, given_back[line.order_code])
        if found is not None:
            _note_flaw(provider, line, transaction, *found)


def _note_flaw(provider: Provider, line: Line, transaction: Transaction | None, kind: DifferenceKind, detail: str) -> None:
    note_difference(
        kind,
        provider,
        f"{line.kind}:{line.number}",
        detail,
        transaction_id=transaction.id if transaction else None,
        order_code=line.order_code,
        number=line.number,
        amount=line.amount,
        currency=line.currency,
    )


def _payment_flaw(line: Line, transaction: Transaction | None) -> tuple[DifferenceKind, str] | None:
    stated = f"the gateway has payment {line.number} of {line.amount} {line.currency} for order {line.order_code}"
    if transaction is None:
        return DifferenceKind.UNKNOWN_ORDER, f"{stated}; there is no such order"
    if (line.amount, line.currency) != (transaction.amount, transaction.currency):
        return DifferenceKind.WRONG_AMOUNT, f"{stated}; the order is {transaction.amount} {transaction.currency}"
    if transaction.status not in PAID:
        return DifferenceKind.NOT_SETTLED, f"{stated}; the order is {transaction.status}"
    if transaction.gateway_transaction_no != line.number:
        return DifferenceKind.SECOND_PAYMENT, f"{stated}; it was settled by payment {transaction.gateway_transaction_no}"
    return None


def _refund_flaw(line: Line, transaction: Transaction | None, total: int) -> tuple[DifferenceKind, str] | None:
    """Refunds are compared by their sum, `total` of which is stated, because not every gateway states the number that it gave us."""
    stated = f"the gateway has refund {line.number} of {line.amount} {line.currency} for order {line.order_code}"
    if transaction is None:
        return DifferenceKind.UNKNOWN_ORDER, f"{stated}; there is no such order"
    booked = transaction.refunded_amount
    if total > booked or line.currency != transaction.currency:
        return DifferenceKind.REFUNDED_ELSEWHERE, f"{stated}, {total} together; {booked} {transaction.currency} are booked"
    if total == booked:
        _conclude_refunds(transaction, line.number)
    return None


def _conclude_refunds(transaction: Transaction, number: str) -> None:
    """All that we booked is stated: what the gateway had only accepted is done now."""
    accepted = (Refund.transaction_id == transaction.id) & (Refund.status == RefundStatus.ACCEPTED)
    refund_ids = db.session.scalars(select(Refund.id).where(accepted).order_by(Refund.id)).all()
    for refund_id in refund_ids:
        # Of several, nobody knows which the last line is about.
        record_answer(refund_id, RefundAnswer(RefundState.DONE, number if len(refund_ids) == 1 else ""))


def _stated_refunds(provider: Provider, order_codes: Collection[str]) -> Mapping[str, int]:
    """What all statements together say was given back, by order; 0 of those that none has."""
    if not order_codes:
        return {}
    same = (StatementLine.provider == provider) & StatementLine.order_code.in_(order_codes) & (StatementLine.kind == LineKind.REFUND)
    sums = select(StatementLine.order_code, func.sum(StatementLine.amount)).where(same).group_by(StatementLine.order_code)
    return dict.fromkeys(order_codes, 0) | {code: int(amount) for code, amount in db.session.execute(sums)}


def _find_missing_payments(provider: Provider, day: date) -> None:
    """What we settled on that day and no statement names. A payment before midnight may be settled after it: any statement counts."""
    start, end = _bounds(provider, day)
    stated = select(StatementLine.id).where(
        StatementLine.provider == provider, StatementLine.kind == LineKind.PAYMENT, StatementLine.order_code == Transaction.transaction_code
    )
    settled = (Transaction.provider == provider) & (Transaction.settled_at >= start) & (Transaction.settled_at < end)
    for transaction in db.session.scalars(select(Transaction).where(settled, ~stated.exists()).order_by(Transaction.id)):
        detail = f"order {transaction.transaction_code} of {transaction.amount} {transaction.currency} is settled; no statement has its payment"
        note_difference(DifferenceKind.MISSING_PAYMENT, provider, transaction.transaction_code, detail, transaction_id=transaction.id)


def _find_missing_refunds(provider: Provider, day: date) -> None:
    """What the gateway took on a week before that day and no statement has named since."""
    start, end = _bounds(provider, day)
    answered = (Refund.answered_at >= start - REFUND_LAG) & (Refund.answered_at < end - REFUND_LAG)
    stands = Refund.status.in_([RefundStatus.ACCEPTED, RefundStatus.DONE])
    rows = select(Refund, Transaction).join(Transaction, Transaction.id == Refund.transaction_id)
    query = rows.where(Transaction.provider == provider, answered, stands).order_by(Refund.id)
    for part in db.session.execute(query).partitions(AT_A_TIME):
        _note_missing_refunds(provider, part)


def _note_missing_refunds(provider: Provider, rows: Sequence[Row[Refund, Transaction]]) -> None:
    given_back = _stated_refunds(provider, {transaction.transaction_code for _, transaction in rows})
    for refund, transaction in rows:
        if given_back[transaction.transaction_code] < transaction.refunded_amount:
            detail = f"refund {refund.id} of {refund.amount} {transaction.currency} was taken by the gateway; no statement has it"
            note_difference(DifferenceKind.MISSING_REFUND, provider, f"refund {refund.id}", detail, transaction_id=transaction.id)


def _bounds(provider: Provider, day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), ZONES[provider])
    return start, start + timedelta(days=1)


def _count_differences() -> int:
    return db.session.scalar(select(func.count()).select_from(Difference)) or 0
