"""`flask partitions ...`: the months of messages and notifications, made ahead and retired."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask.cli import AppGroup
from sqlalchemy import BigInteger, cast, func, text

from app.core import partition_retention
from app.core.clock import now
from app.core.partition_archive import list_parts
from app.core.partition_files import ArchiveDamaged
from app.core.partition_leaving import PartitionBusy, PartitionRefused, RetiredPartition, Stage, list_retired
from app.core.partitions import MONTHS_AHEAD, PARTITIONED, Month, create, is_partition, list_partitions
from app.core.problems import NotFound
from app.core.unit_of_work import unit_of_work
from app.extensions import db

partitions = AppGroup("partitions", help="Months of messages and notifications: list, create, detach, archive, drop.")


class _Name(click.ParamType):
    name = "month"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_partition(value):
            self.fail(f"{value} is not like messages_p2026_01.", param, ctx)
        return value


NAME = _Name()


@partitions.command("list")
def list_all() -> None:
    """The attached months with their size, then those that are leaving or have left."""
    for table in PARTITIONED:
        for name in list_partitions(table):
            rows, size = db.session.execute(_SIZE, {"name": name}).one()
            click.echo(f"{name:<24}  attached  about {max(int(rows), 0):>11,} rows  {size:>9}")
    for retired in list_retired():
        parts = list_parts(retired.name)
        size = db.session.scalar(func.pg_size_pretty(cast(sum(part.size for part in parts), BigInteger)))
        click.echo(
            f"{retired.name:<24}  {retired.stage:<8}        {sum(part.rows for part in parts):>11,} rows  {size:>9} in {len(parts)} archived parts"
        )


@partitions.command("create")
@click.option("--ahead", default=MONTHS_AHEAD, show_default=True, type=click.IntRange(0, 120), help="Months after the present one.")
@click.option("--since", type=click.DateTime(["%Y-%m"]), help="From this month on, for data that is brought in; the present one by default.")
def create_months(ahead: int, since: datetime | None) -> None:
    """Make the months that are missing. Beat does it every day, and `flask db upgrade` at every deploy."""
    present = Month.of(now())
    first = min(present, Month.of(since.replace(tzinfo=UTC))) if since else present
    months = [first.plus(offset) for offset in range((present.year - first.year) * 12 + present.month - first.month + ahead + 1)]
    with unit_of_work():
        left = {retired.name for retired in list_retired()}
        gone = sorted(left & {month.name(table) for month in months for table in PARTITIONED})
        if gone:
            raise click.ClickException(f"{', '.join(gone)}: left already. Bring an archive back into a table of another name.")
        made = [name for table in PARTITIONED for name in create(table, first, len(months))]
    click.echo("\n".join(made) or "Every month is there.")


@partitions.command("detach")
@click.argument("name", type=NAME)
def detach(name: str) -> None:
    """Take the oldest month out of its table; nobody sees its rows any more, and nothing is lost yet."""
    _retire(name, Stage.DETACHED)


@partitions.command("archive")
@click.argument("name", type=NAME)
def archive(name: str) -> None:
    """Detach a month and write it to the storage, read back and counted."""
    _retire(name, Stage.ARCHIVED)


@partitions.command("drop")
@click.argument("name", type=NAME)
def drop(name: str) -> None:
    """Detach, archive and drop a month, with the files that came with its messages."""
    _retire(name, Stage.DROPPED)


@partitions.command("retire")
def retire() -> None:
    """Drop, after archiving, every month that the settings no longer keep. Beat does it a little at a time."""
    with _explained():
        gone = partition_retention.retire_due(now(), seconds=float("inf"))
    click.echo("\n".join(gone) or "Nothing was dropped.")


_SIZE = text("SELECT reltuples, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE oid = to_regclass(:name)")


def _retire(name: str, until: Stage) -> None:
    def report(retired: RetiredPartition) -> None:
        click.echo(f"{name}: {retired.stage}")

    with _explained():
        partition_retention.retire(name, until, on_step=report)
    click.echo(f"{name}: {until}")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (PartitionBusy, PartitionRefused, ArchiveDamaged, NotFound) as error:
        raise click.ClickException(str(error)) from error
