"""Keeping the indexes true to the rows of jobs: what the search queue, the commands and the demo data call."""

from collections.abc import Sequence

from app.extensions import db
from app.search import choice, documents, postgres_writes
from app.search.engine import SearchEngine

BATCH = 500


def reindex(job_ids: Sequence[int], engine: SearchEngine = choice.POSTGRES) -> int:
    """Read the jobs and write their searchable copies, tombstones for those that are not public; return how many were not refused as old.

    In the open transaction. Needs no lock: of two that read a job at once, the one with the older version is refused. Raises what the engine raises.
    """
    return engine.store(documents.read(list(dict.fromkeys(job_ids))))


def reindex_elastic(job_ids: Sequence[int]) -> int:
    """As `reindex` for Elasticsearch, unless it did not answer a moment ago; no transaction is open while it works. Raises EngineAway."""
    entries = documents.read(list(dict.fromkeys(job_ids)))
    db.session.rollback()
    with choice.guarded():
        return choice.ELASTIC.store(entries)


def rebuild_in_transaction() -> int:
    """Replace PostgreSQL's index as a whole, in the open transaction, after jobs were loaded in bulk; return how many jobs there are.

    Much faster than batch after batch, but searches wait from now until the commit.
    """
    return postgres_writes.refill(documents.read_batches(4 * BATCH))
