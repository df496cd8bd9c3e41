"""Telling the search queue what changed: the outbox carries ids, the worker re-reads the rows."""

from app.core.outbox import enqueue


def job_changed(job_id: int) -> None:
    """Leave word, in the open transaction, that a job's searchable copy must be made anew (or removed)."""
    enqueue("search.index_job", {"job_id": job_id}, dedupe_key=f"search.index_job:{job_id}")
