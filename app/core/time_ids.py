"""Ids that encode their creation time, for range-partitioned tables: an id alone tells its month.

An id is milliseconds since 2024 (41 bits) and a sequence number (12 bits): below 2**53, so that JavaScript holds it exactly, and
ascending. The database's function `new_time_id()` makes them by its own clock; `created_at` of the row is exactly `time_of(id)`.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func

from app.extensions import db

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
SEQUENCE_BITS = 12
LARGEST = 2**53 - 1
# A primary key of a partitioned table must hold `created_at`; where that follows from the id, no id can be in two months.
ID_TELLS_TIME = "created_at AT TIME ZONE 'UTC' = timestamp '2024-01-01' + (id >> 12) * interval '1 millisecond'"


def new_time_id() -> int:
    """A fresh id."""
    return int(db.session.execute(func.new_time_id()).scalar_one())


def next_time_id(after: int) -> int:
    """A fresh id above `after`, which is the latest that its owner has, also when the database's clock has been put back since then."""
    return max(new_time_id(), after + 1)


def time_of(time_id: int) -> datetime:
    """When the id was made, to the millisecond, in UTC."""
    return EPOCH + timedelta(milliseconds=time_id >> SEQUENCE_BITS)


def first_id_of(moment: datetime) -> int:
    """The smallest id that can be made at `moment` or later; `time_of` of it is `moment` to the millisecond, 0 before the first of all."""
    return max(0, (moment - EPOCH) // timedelta(milliseconds=1)) << SEQUENCE_BITS
