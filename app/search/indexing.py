"""Telling the search queue what changed: the outbox carries ids, the worker re-reads the rows."""

from collections.abc import Iterable

from app.core.outbox import enqueue, enqueue_each


def job_changed(job_id: int) -> None:
    """Leave word, in the open transaction, that a job's searchable copy must be made anew (or removed)."""
    enqueue("search.index_job", {"job_id": job_id}, dedupe_key=f"search.index_job:{job_id}")


def jobs_changed(job_ids: Iterable[int]) -> None:
    """As `job_changed` for many jobs, by one statement."""
    enqueue_each("search.index_job", {f"search.index_job:{job_id}": {"job_id": job_id} for job_id in job_ids})
