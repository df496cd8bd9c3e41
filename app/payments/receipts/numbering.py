"""Numbers without gaps: one row per series and year, locked from the moment a number is taken until its document is committed.

An attempt that dies takes its number back with it, since the row and the document commit together. Whoever is next waits a few
milliseconds; only documents ever stand in that line, never a settlement.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from app.core.clock import MARKET_ZONE, now
from app.extensions import db
from app.payments.receipts.errors import YearTurned
from app.payments.receipts.models import ReceiptCounter, Series


@dataclass(frozen=True)
class Place:
    """A number that is ours if this transaction commits. `issued_at` (the database's clock) grows with `serial`."""

    year: int
    serial: int
    issued_at: datetime


def stand_in_line(series: Series) -> int:
    """Lock the series of the market's present year, which is returned, until the transaction ends."""
    year = now().astimezone(MARKET_ZONE).year
    db.session.execute(insert(ReceiptCounter).values(series=series, year=year).on_conflict_do_nothing())
    db.session.execute(select(ReceiptCounter.last).where(_row(series, year)).with_for_update())
    return year


def take_number(series: Series, year: int) -> Place:
    """The next number of a series that this transaction has locked. Raises YearTurned."""
    moved = update(ReceiptCounter).where(_row(series, year)).values(last=ReceiptCounter.last + 1)
    serial, issued_at = db.session.execute(moved.returning(ReceiptCounter.last, func.clock_timestamp())).one()
    if issued_at.astimezone(MARKET_ZONE).year != year:
        raise YearTurned(year)
    return Place(year, serial, issued_at)


def _row(series: Series, year: int) -> ColumnElement[bool]:
    return (ReceiptCounter.series == series) & (ReceiptCounter.year == year)
