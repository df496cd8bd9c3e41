"""Removes files that nothing needs any more: rows that nothing refers to, and bytes whose row never came or has gone.

Only folders that a feature has declared by `declare` lose rows, so that a file is never removed because its user was forgotten here.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from app.core import storage
from app.core.clock import now
from app.core.storage import StoredFile
from app.core.unit_of_work import after_commit, take_your_time
from app.extensions import db

log = structlog.get_logger()

# A file that is just being uploaded has bytes and no row, or a row and no reference, for a moment.
MIN_AGE = timedelta(days=1)
BATCH = 1000

# More orphans than this, and more than half of all files, mean that the storage belongs to another database.
PLAUSIBLE_ORPHANS = 100

Reference = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]

_REFERENCES: dict[str, tuple[Reference, ...]] = {}
_OWN_KEY = re.compile(r"[a-z0-9-]+/[0-9a-f]{32}")


class ForeignStorage(Exception):
    """Most of the storage is unknown to this database; nothing was removed."""


def declare(folder: str, *references: Reference) -> None:
    """Say which columns may refer to the files of `folder`; each must have an index, for a deletion looks them up."""
    _REFERENCES[folder] = references


def discard(file: StoredFile) -> None:
    """Remove a file that its feature has just replaced: the row now, the bytes once the unit of work has committed."""
    key = file.key
    db.session.execute(delete(StoredFile).where(StoredFile.id == file.id))
    after_commit(lambda: _remove(key))


def purge_rows(*, older_than: timedelta = MIN_AGE, limit: int = BATCH) -> int:
    """Delete up to `limit` rows to which nothing refers, and their bytes after the commit. Returns how many."""
    take_your_time()
    unneeded = [StoredFile.key.startswith(f"{folder}/", autoescape=True) & _unreferenced(used) for folder, used in _REFERENCES.items()]
    old = StoredFile.created_at < func.clock_timestamp() - older_than
    found = select(StoredFile.id).where(old, db.or_(db.false(), *unneeded)).limit(limit).with_for_update(skip_locked=True)
    keys = db.session.scalars(delete(StoredFile).where(StoredFile.id.in_(found)).returning(StoredFile.key)).all()
    for key in keys:
        after_commit(lambda key=key: _remove(key))  # type: ignore[misc]  # mypy cannot infer a lambda with a default.
    return len(keys)


def _unreferenced(references: tuple[Reference, ...]) -> ColumnElement[bool]:
    return db.and_(db.true(), *(~select(column).where(column == StoredFile.id).correlate(StoredFile).exists() for column in references))


def purge_bytes(*, older_than: timedelta = MIN_AGE) -> int:
    """Remove stored bytes without a row. Returns how many; raises ForeignStorage. Ends its read transaction before it lists and removes."""
    total, orphans = 0, list[str]()
    keys = _old_keys(now() - older_than)
    while batch := list(islice(keys, BATCH)):
        total += len(batch)
        known = set(db.session.scalars(select(StoredFile.key).where(StoredFile.key.in_(batch))))
        db.session.rollback()
        orphans += [key for key in batch if key not in known]
    if len(orphans) > max(PLAUSIBLE_ORPHANS, total // 2):
        raise ForeignStorage(f"{len(orphans)} of {total} stored files have no row: is STORAGE_URL that of another database?")
    for key in orphans:
        _remove(key)
    return len(orphans)


def _old_keys(cutoff: datetime) -> Iterator[str]:
    """Keys of this application's own shape; other files in the same bucket are nobody's business here."""
    for key, modified_at in storage.list_keys():
        if modified_at < cutoff and _OWN_KEY.fullmatch(key):
            yield key


def _remove(key: str) -> None:
    try:
        storage.delete_key(key)
    except OSError as error:
        # The row is gone, so the next purge of bytes finds the file again.
        log.warning("file_not_removed", key=key, error=str(error))
