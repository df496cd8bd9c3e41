"""Keeping the index true to the rows of jobs: what the search queue, the commands and the demo data call."""

from collections.abc import Sequence

from app.search import documents, postgres_writes
from app.search.documents import Document, Entry, Tombstone
from app.search.engine import SearchEngine
from app.search.postgres import PostgresEngine

BATCH = 500

_POSTGRES = PostgresEngine()


def current_engine() -> SearchEngine:
    """The engine that answers searches and is told of changes."""
    return _POSTGRES


def reindex(job_ids: Sequence[int], engine: SearchEngine = _POSTGRES) -> int:
    """Read the jobs and write their searchable copies, tombstones for those that are not public; return how many were not refused as old.

    In the open transaction. Needs no lock: of two that read a job at once, the one with the older version is refused. Raises what the engine raises.
    """
    return _write(documents.read(list(dict.fromkeys(job_ids))), engine)


def reindex_next(*, after: int) -> tuple[int, int]:
    """The next batch of a rebuild: index the jobs beyond the id `after`; return the last id and how many jobs there were, none at the end."""
    batch = next(documents.read_batches(BATCH, after=after), [])
    _write(batch, _POSTGRES)
    return (batch[-1].job_id if batch else after), len(batch)


def rebuild_in_transaction() -> int:
    """Replace PostgreSQL's index as a whole, in the open transaction, after jobs were loaded in bulk; return how many jobs there are.

    Much faster than batch after batch, but searches wait from now until the commit.
    """
    return postgres_writes.refill(documents.read_batches(4 * BATCH))


def _write(entries: Sequence[Entry], engine: SearchEngine) -> int:
    written = engine.index([entry for entry in entries if isinstance(entry, Document)])
    return written + engine.delete([entry for entry in entries if isinstance(entry, Tombstone)])
