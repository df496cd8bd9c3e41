"""Monthly range partitions on `created_at`, in UTC, made ahead; there is no default partition that could swallow and block a month."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from app.extensions import db

PARTITIONED = ("messages", "notifications")
MONTHS_AHEAD = 6
_NAME = re.compile(r"(?P<table>[a-z_]+)_p(?P<year>20\d{2})_(?P<month>0[1-9]|1[0-2])")
_LOCK = 7_310_004


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """The month in which `moment` falls."""
        in_utc = moment.astimezone(UTC)
        return cls(in_utc.year, in_utc.month)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    def plus(self, months: int) -> "Month":
        """The month that many months later, or earlier."""
        years, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(years, month + 1)

    def name(self, table: str) -> str:
        """The partition's table name."""
        return f"{table}_p{self.year:04d}_{self.month:02d}"


def month_of(partition: str) -> Month:
    """The month that a partition's name says. Raises ValueError for another kind of name."""
    found = _parse(partition)
    return Month(int(found["year"]), int(found["month"]))


def table_of(partition: str) -> str:
    """The partitioned table that a partition's name says. Raises ValueError for another kind of name."""
    return _parse(partition)["table"]


def is_partition(name: str) -> bool:
    """Whether a table of this name is, or was, a month of a partitioned table."""
    found = _NAME.fullmatch(name)
    return found is not None and found["table"] in PARTITIONED


def ddl(table: str, first: Month, months: int) -> Iterator[str]:
    """The statements that make `months` partitions of `table` from `first` on, none of which exists.

    A table is made beside the others and then attached, since CREATE TABLE ... PARTITION OF would lock out every reader and writer of
    all months, and ATTACH PARTITION does not (PostgreSQL manual, CREATE TABLE, "PARTITION OF").
    """
    for offset in range(months):
        month = first.plus(offset)
        bounds = f"FROM ('{month.start.isoformat()}') TO ('{month.plus(1).start.isoformat()}')"
        yield f"CREATE TABLE {month.name(table)} (LIKE {table} INCLUDING ALL)"
        yield f"ALTER TABLE {table} ATTACH PARTITION {month.name(table)} FOR VALUES {bounds}"


def ensure(moment: datetime, *, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make this month's partitions and those of the months ahead, for every partitioned table; the names of those that were missing."""
    return [name for table in PARTITIONED for name in create(table, Month.of(moment), months_ahead + 1)]


def create(table: str, first: Month, months: int) -> list[str]:
    """Make the missing ones of `months` partitions from `first` on, one call at a time; their names."""
    db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    existing = set(list_partitions(table))
    missing = [month for month in (first.plus(offset) for offset in range(months)) if month.name(table) not in existing]
    for month in missing:
        for statement in ddl(table, month, 1):
            db.session.execute(text(statement))
    return [month.name(table) for month in missing]


def list_partitions(table: str) -> list[str]:
    """The attached partitions of `table`, oldest first; one that is being detached no longer counts."""
    found = db.session.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table) AND NOT inhdetachpending ORDER BY 1"),
        {"table": table},
    )
    return list(found)


def months_left(table: str, moment: datetime) -> int:
    """How many months after the present one have a partition, without a gap: below 2 is an alarm."""
    names = set(list_partitions(table))
    left = 0
    while Month.of(moment).plus(left + 1).name(table) in names:
        left += 1
    return left


def _parse(partition: str) -> re.Match[str]:
    found = _NAME.fullmatch(partition)
    if found is None or found["table"] not in PARTITIONED:
        raise ValueError(f"{partition} is no monthly partition")
    return found
