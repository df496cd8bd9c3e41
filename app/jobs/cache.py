"""The public view of a job as bytes in the cache: one Redis GET a hit, dropped by every change, counters at most a minute old.

A stored value is `+`, the entity tag and the JSON body; or `-` for an id that the public cannot see, kept only briefly.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from app.core.unit_of_work import after_commit
from app.core.versioned_cache import VersionedRedisCache
from app.extensions import db, job_cache
from app.jobs.models import Job, JobCounters, JobStatus
from app.jobs.schemas import JobOut
from app.search import indexing

NOT_PUBLIC_SECONDS = 15
_NOT_PUBLIC = b"-"
_ETAG_HEX = 32


@dataclass(frozen=True, slots=True)
class PublicCopy:
    """What anybody gets: the body, and the strong entity tag of exactly these bytes (without its quotes)."""

    etag: str
    body: bytes


def find_public(job_id: int) -> PublicCopy | None:
    """The public view, or None when the public cannot see such a job. Never older than the last acknowledged change."""
    return _copy(job_cache().get_or_load(_key(job_id), lambda: _load(job_id)))


def peek(backend: VersionedRedisCache, job_id: int) -> PublicCopy | None:
    """The public view if it is cached; None says nothing."""
    stored = backend.peek(_key(job_id))
    return _copy(stored) if stored is not None else None


def invalidate(*job_ids: int) -> None:
    """Drop the public views: on return no process serves what was true before the call, whether or not Redis answers."""
    job_cache().invalidate(*map(_key, job_ids))


def forget_counters(job_ids: Sequence[int]) -> bool:
    """Drop views of which only a counter changed. False when the cache could not be told; the next turn tries again."""
    return job_cache().forget(*map(_key, job_ids))


def job_changed(job: Job) -> None:
    """Make a visible change of a locked job known, in its transaction: to searchers by the outbox, to readers after the commit."""
    job.version += 1
    announce(job)


def announce(job: Job) -> None:
    """The same for a new job, or one that is being removed: its id may have been asked for before."""
    db.session.flush()
    indexing.job_changed(job.id)
    _invalidate_after_commit([job.id])


def jobs_changed(job_ids: Sequence[int]) -> None:
    """The same for many jobs whose versions the caller has raised."""
    indexing.jobs_changed(job_ids)
    _invalidate_after_commit(job_ids)


def _invalidate_after_commit(job_ids: Sequence[int]) -> None:
    after_commit(lambda: invalidate(*job_ids))


def _key(job_id: int) -> str:
    return f"job:{job_id}"


def _copy(stored: bytes) -> PublicCopy | None:
    if stored == _NOT_PUBLIC:
        return None
    return PublicCopy(stored[1 : 1 + _ETAG_HEX].decode(), stored[1 + _ETAG_HEX :])


def _load(job_id: int) -> tuple[bytes, float]:
    """The value to store and for how many seconds. Hands the database connection back before the cache is spoken to."""
    public = select(Job, JobCounters).outerjoin(JobCounters, JobCounters.job_id == Job.id)
    row = db.session.execute(public.where(Job.id == job_id, Job.status == JobStatus.OPEN, Job.deleted_at.is_(None))).one_or_none()
    body = JobOut.of(*row).model_dump_json().encode() if row is not None else None
    db.session.rollback()
    if body is None:
        return _NOT_PUBLIC, NOT_PUBLIC_SECONDS
    etag = hashlib.sha256(body).hexdigest()[:_ETAG_HEX]
    # Spread over a tenth, so that jobs cached together do not expire together.
    return b"+" + etag.encode() + body, current_app.config["JOB_CACHE_TTL"] * random.uniform(0.9, 1.0)
