"""Removing postings for good. Applications and bookmarks lose the reference and keep everything else."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from app.accounts import audit
from app.extensions import db
from app.jobs import cache
from app.jobs.models import Job


def purge(job_ids: Sequence[int]) -> list[int]:
    """Remove the postings in the open transaction, searchable and cached copies included. Returns the ids that were there."""
    gone = db.session.execute(delete(Job).where(Job.id.in_(job_ids)).returning(Job.id, Job.company_id, Job.title)).all()
    for job_id, company_id, title in gone:
        audit.record("job.purged", actor_id=None, subject_type="job", subject_id=job_id, company_id=company_id, title=title)
    purged = [job_id for job_id, _, _ in gone]
    cache.jobs_changed(purged)
    return purged


def purge_deleted(before: datetime, *, limit: int) -> int:
    """Remove up to `limit` postings that were deleted softly before that time. Returns how many."""
    old = select(Job.id).where(Job.deleted_at < before).order_by(Job.id).limit(limit).with_for_update(skip_locked=True, of=Job)
    return len(purge(db.session.scalars(old).all()))
