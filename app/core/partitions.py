"""Monthly range partitions on `created_at`, in UTC, made ahead; there is no default partition that could swallow and block a month."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from app.extensions import db

PARTITIONED = ("messages", "notifications")
MONTHS_AHEAD = 6
_NAME = re.compile(r"(?P<table>[a-z_]+)_p(?P<year>\d{4})_(?P<month>\d{2})")


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
    found = _NAME.fullmatch(partition)
    if found is None:
        raise ValueError(f"{partition} is no monthly partition")
    return Month(int(found["year"]), int(found["month"]))


def ddl(table: str, first: Month, months: int) -> Iterator[str]:
    """The statements that make `months` partitions of `table` from `first` on; those that exist stay."""
    for offset in range(months):
        month = first.plus(offset)
        bounds = f"FROM ('{month.start.isoformat()}') TO ('{month.plus(1).start.isoformat()}')"
        yield f"CREATE TABLE IF NOT EXISTS {month.name(table)} PARTITION OF {table} FOR VALUES {bounds}"


def ensure(moment: datetime, *, months_ahead: int = MONTHS_AHEAD) -> None:
    """Make this month's partitions and those of the months ahead, for every partitioned table."""
    for table in PARTITIONED:
        for statement in ddl(table, Month.of(moment), months_ahead + 1):
            db.session.execute(text(statement))


def list_partitions(table: str) -> list[str]:
    """The attached partitions of `table`, oldest first."""
    found = db.session.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table) ORDER BY 1"), {"table": table}
    )
    return list(found)


def months_left(table: str, moment: datetime) -> int:
    """How many months after the present one have a partition: below 2 is an alarm."""
    present = Month.of(moment)
    return sum(month_of(name) > present for name in list_partitions(table))
