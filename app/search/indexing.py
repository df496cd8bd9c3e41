"""Telling the search queue what changed: the outbox carries ids, the worker re-reads the rows.

Each engine has a task of its own for a change. PostgreSQL's index, which stands in, is thus up to date at once even while Elasticsearch is away; the
tasks for the latter wait in the outbox until it is back. Their order does not matter: an older version never replaces a newer one.
"""

from collections.abc import Iterable

from app.core.outbox import enqueue, enqueue_each
from app.search import choice


def job_changed(job_id: int) -> None:
    """Leave word, in the open transaction, that a job's searchable copies must be made anew (or removed)."""
    enqueue("search.index_job", {"job_id": job_id}, dedupe_key=f"search.index_job:{job_id}")
    if choice.is_elastic():
        enqueue("search.index_elastic", {"job_id": job_id}, dedupe_key=f"search.index_elastic:{job_id}")


def jobs_changed(job_ids: Iterable[int]) -> None:
    """As `job_changed` for many jobs, by one statement for each engine."""
    changed = list(job_ids)
    enqueue_each("search.index_job", {f"search.index_job:{job_id}": {"job_id": job_id} for job_id in changed})
    if choice.is_elastic():
        enqueue_each("search.index_elastic", {f"search.index_elastic:{job_id}": {"job_id": job_id} for job_id in changed})
