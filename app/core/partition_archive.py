"""A month that left its table, written to the storage as compressed CSV: in parts, in constant memory, read back before it counts.

`archives/messages/2026-01/0001.csv.gz` and so on are what `COPY ... CSV HEADER` wrote and reads back; `manifest.json` beside them makes
the archive complete without this database. Keys are fixed, so what a killed attempt left is written over.
"""

import json

from sqlalchemy import BigInteger, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.partition_files import ArchiveDamaged, digest_of, read_part, settle, write_part
from app.core.partitions import month_of, table_of
from app.core.storage import delete_key, open_key
from app.extensions import Model, db

# About a hundred bytes each: a part takes seconds, and an interrupted attempt loses no more than that.
PART_ROWS = 200_000


class ArchivePart(Model):
    """One file of a month's archive. `size` is bytes as stored, `sha256` that of the file, `first_id` and `last_id` are of its rows."""

    __tablename__ = "archive_parts"

    partition: Mapped[str] = mapped_column(db.ForeignKey("retired_partitions.name", ondelete="RESTRICT"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    rows: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)


def folder(partition: str) -> str:
    """Where a month's files lie in the storage."""
    month = month_of(partition)
    return f"archives/{table_of(partition)}/{month.year:04d}-{month.month:02d}"


def list_parts(partition: str) -> list[ArchivePart]:
    """The parts that were written and read back, in order."""
    return list(db.session.scalars(select(ArchivePart).where(ArchivePart.partition == partition).order_by(ArchivePart.number)))


def write_next_part(partition: str) -> ArchivePart | None:
    """Archive the next PART_ROWS rows and add their row to the open transaction; None when there are no more. Raises ArchiveDamaged.

    The transaction in which it is called is ended before the storage is read.
    """
    done = list_parts(partition)
    after, number = (done[-1].last_id, done[-1].number + 1) if done else (-1, 1)
    key = f"{folder(partition)}/{number:04d}.csv.gz"
    copied, digest = write_part(partition, key, after, PART_ROWS)
    db.session.rollback()
    if not copied:
        delete_key(key)
        return None
    found = read_part(key)
    if (found.rows, found.content_sha256) != (copied, digest):
        raise ArchiveDamaged(f"{key}: {copied} rows went out, {found.rows} came back; the content {digest} came back as {found.content_sha256}.")
    part = ArchivePart(
        partition=partition,
        number=number,
        key=key,
        rows=found.rows,
        size=found.size,
        sha256=found.sha256,
        first_id=found.first_id,
        last_id=found.last_id,
    )
    db.session.add(part)
    return part


def write_manifest(partition: str) -> int:
    """Say beside the parts what they hold; the number of all rows. Raises ArchiveDamaged when the table holds another number."""
    parts = list_parts(partition)
    archived, kept = sum(part.rows for part in parts), count_rows(partition)
    if archived != kept:
        raise ArchiveDamaged(f"{partition} holds {kept} rows, its archive {archived}.")
    columns = ("key", "rows", "size", "sha256", "first_id", "last_id")
    manifest = {
        "table": table_of(partition),
        "partition": partition,
        "rows": archived,
        "columns": _columns(partition),
        "format": "gzip of COPY ... WITH (FORMAT csv, HEADER)",
        "parts": [{name: getattr(part, name) for name in columns} for part in parts],
    }
    with open_key(f"{folder(partition)}/manifest.json", "wb") as file:
        file.write(json.dumps(manifest, indent=2).encode())
        settle(file)
    return archived


def verify_stored(partition: str) -> None:
    """Read every file once more and compare its digest, which stands for the rows that were read out of it. Raises ArchiveDamaged, NotFound."""
    for part in list_parts(partition):
        found = digest_of(part.key)
        if found != part.sha256:
            raise ArchiveDamaged(f"{part.key} is no longer what was written: {found}.")


def count_rows(partition: str) -> int:
    """How many rows a month's table holds, counted."""
    return int(db.session.scalar(select(func.count()).select_from(text(partition))) or 0)


def _columns(partition: str) -> list[str]:
    query = text("SELECT column_name FROM information_schema.columns WHERE table_name = :name ORDER BY ordinal_position")
    return list(db.session.scalars(query, {"name": partition}))
