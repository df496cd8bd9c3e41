"""Which months leave their table, how far each has come, and what the features that own the tables do about it.

A setting (`MESSAGE_RETENTION_MONTHS`, ...) keeps the present month and so many before it; 0 keeps everything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import current_app
from sqlalchemy import BigInteger, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.partitions import PARTITIONED, Month, list_partitions, month_of, table_of
from app.extensions import Model, db

RETENTION_SETTINGS = {"messages": "MESSAGE_RETENTION_MONTHS", "notifications": "NOTIFICATION_RETENTION_MONTHS"}


class Stage(StrEnum):
    LEAVING = "LEAVING"
    DETACHED = "DETACHED"
    ARCHIVED = "ARCHIVED"
    DROPPED = "DROPPED"


ORDER = list(Stage)


class PartitionBusy(Exception):
    """Somebody is using the table, or another run is at work: the same call goes on later."""


class PartitionRefused(Exception):
    """The month may not leave; the message says why."""


class RetiredPartition(Model):
    """A month that is leaving its table, or has left. `rows` is what its archive holds."""

    __tablename__ = "retired_partitions"

    name: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[Stage] = mapped_column(db.String(16), default=Stage.LEAVING)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    changed_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp(), onupdate=func.clock_timestamp())


Batch = Callable[[str, int], int | None]


@dataclass(frozen=True)
class Owner:
    """What the feature that owns a table does: `uncount` once a month is detached, `discard` once it is archived.

    Each does one batch for a partition in the open transaction, from a place on that begins with 0, and returns the place at which the
    next batch begins, or None at the end. A batch that ran before does nothing.
    """

    uncount: Batch
    discard: Batch


_OWNERS: dict[str, Owner] = {}


def owned_by(table: str, owner: Owner) -> None:
    """Say what happens to what a feature knows about the rows of `table`."""
    _OWNERS[table] = owner


def owner_of(partition: str) -> Owner:
    """What is to be done about the rows of this month."""
    return _OWNERS[table_of(partition)]


def list_due(moment: datetime) -> list[str]:
    """The attached months that the settings no longer keep, and those that are on their way, oldest first."""
    leaving = select(RetiredPartition.name).where(RetiredPartition.stage != Stage.DROPPED)
    names = {*db.session.scalars(leaving)}
    for table in PARTITIONED:
        names.update(list_partitions(table))
    return sorted((name for name in names if _is_due(name, moment)), key=lambda name: (month_of(name), name))


def begin(name: str) -> RetiredPartition:
    """Leave the intention in the open transaction, or find it. Raises PartitionRefused for a month that may not leave now."""
    found = db.session.get(RetiredPartition, name)
    if found is None:
        _refuse_unfit(name)
        found = RetiredPartition(name=name, stage=Stage.LEAVING)
        db.session.add(found)
    return found


def list_retired() -> list[RetiredPartition]:
    """Every month that is leaving or has left, the oldest first."""
    return sorted(db.session.scalars(select(RetiredPartition)), key=lambda retired: (table_of(retired.name), retired.name))


def _refuse_unfit(name: str) -> None:
    table = table_of(name)
    attached = list_partitions(table)
    if name not in attached:
        raise PartitionRefused(f"{name} is no month of {table}.")
    if month_of(name) >= Month.of(now()):
        raise PartitionRefused(f"{name} is not over yet.")
    # Read marks move past a month that leaves, so an older one must not be left behind them.
    on_their_way = select(RetiredPartition.name).where(RetiredPartition.stage == Stage.LEAVING, RetiredPartition.name.startswith(f"{table}_p"))
    older = [other for other in (*db.session.scalars(on_their_way), *attached) if other < name]
    if older:
        raise PartitionRefused(f"{min(older)} is older and leaves first.")


def _is_due(name: str, moment: datetime) -> bool:
    kept = int(current_app.config[RETENTION_SETTINGS[table_of(name)]])
    return kept > 0 and month_of(name) < Month.of(moment).plus(-kept)
