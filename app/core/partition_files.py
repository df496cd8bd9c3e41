"""One part of an archive: rows of a table as compressed CSV in the storage, written and read back in constant memory."""

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

import psycopg
from psycopg import sql
from sqlalchemy import text

from app.core.storage import CHUNK, open_key
from app.extensions import db


class ArchiveDamaged(Exception):
    """What the storage gives back is not what the database gave: nothing may be dropped. The message names the part."""


@dataclass(frozen=True)
class Found:
    """What a stored part holds: the digests of its content and of the file, and its rows."""

    content_sha256: str
    sha256: str
    size: int
    rows: int
    first_id: int
    last_id: int


def write_part(partition: str, key: str, after: int, rows: int) -> tuple[int, str]:
    """Copy the rows that follow the id `after` into the storage: how many, and the digest of their content."""
    # The limit is made for requests.
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    query = sql.SQL("COPY (SELECT * FROM {} WHERE id > {} ORDER BY id LIMIT {}) TO STDOUT WITH (FORMAT csv, HEADER)")
    statement = query.format(sql.Identifier(partition), sql.Literal(after), sql.Literal(rows))
    digest = hashlib.sha256()
    with open_key(key, "wb") as file:
        # Without the time, the same rows make the same file.
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed, _cursor() as cursor:
            with cursor.copy(statement) as copy:
                for block in _blocks(copy):
                    digest.update(block)
                    packed.write(block)
            copied = cursor.rowcount
        settle(file)
    return copied, digest.hexdigest()


def read_part(key: str) -> Found:
    """Decompress and count a stored part. Raises NotFound, ArchiveDamaged for what is no complete gzip of CSV with an `id` in each line."""
    with open_key(key, "rb") as file:
        stored = _Digesting(file)
        try:
            content = _Digesting(cast(BinaryIO, gzip.GzipFile(fileobj=stored, mode="rb")))
            lines = csv.reader(io.TextIOWrapper(io.BufferedReader(content, CHUNK), "utf-8", newline=""))
            header = next(lines, ["id"])
            rows, first, last = _span(lines, header.index("id"))
        except (EOFError, OSError, ValueError, IndexError, zlib.error, csv.Error) as error:
            raise ArchiveDamaged(f"{key}: {error}") from error
        return Found(content.sha256.hexdigest(), stored.sha256.hexdigest(), stored.size, rows, first, last)


def digest_of(key: str) -> str:
    """The SHA-256 of a stored file, in hexadecimal. Raises NotFound."""
    with open_key(key, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # BinaryIO forgets that it can readinto.


def settle(file: BinaryIO) -> None:
    """Have a local file on the disk before a row says so; other storages do it when the file is closed."""
    file.flush()
    with suppress(io.UnsupportedOperation, AttributeError):
        os.fsync(file.fileno())


class _Digesting(io.RawIOBase):
    """Reads another file and keeps the digest and the length of what it read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # mypy knows the protocol's type, not the usual one.
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.sha256.update(data)
        self.size += len(data)
        return len(data)


def _span(lines: Iterator[list[str]], place: int) -> tuple[int, int, int]:
    """How many lines there are, and the ids of the first and the last."""
    rows, first, last = 0, 0, 0
    for rows, line in enumerate(lines, start=1):  # noqa: B007  The count is what is wanted.
        last = int(line[place])
        first = first or last
    return rows, first, last


def _blocks(copy: psycopg.Copy) -> Iterator[bytes]:
    """What COPY sends, row by row, gathered: compressing many small pieces costs several times as much."""
    gathered = bytearray()
    for piece in copy:
        gathered += piece
        if len(gathered) >= CHUNK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _cursor() -> psycopg.Cursor:
    return cast(psycopg.Cursor, db.session.connection().connection.cursor())
