"""A candidate's bookmarks; they outlive their jobs."""

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.core.problems import Invalid
from app.extensions import db
from app.jobs.errors import SavedJobNotFound
from app.jobs.models import Job, JobStatus, SavedJob


def listing(candidate: User) -> Select[SavedJob]:
    """The bookmarks of `candidate` with their jobs, deleted ones too. One query a page."""
    return select(SavedJob).where(SavedJob.candidate_id == candidate.id).options(joinedload(SavedJob.job).joinedload(Job.company))


def save(candidate: User, job_id: int) -> tuple[SavedJob, bool]:
    """The bookmark, and whether it is new: a job is saved once. Raises Invalid for a job that is not open to the public."""
    first = _find(candidate, job_id)
    if first is not None:
        return first, False
    is_public = select(Job.id).where(Job.id == job_id, Job.status == JobStatus.OPEN, Job.deleted_at.is_(None))
    if db.session.scalar(is_public.with_for_update(read=True, key_share=True)) is None:
        raise Invalid({"job": "There is no such open job."})
    added = insert(SavedJob).values(candidate_id=candidate.id, job_id=job_id).on_conflict_do_nothing().returning(SavedJob.id)
    is_new = db.session.scalar(added) is not None
    saved = _find(candidate, job_id)
    if saved is None:
        raise SavedJobNotFound
    return saved, is_new


def remove(candidate: User, saved_id: int) -> None:
    """Drop a bookmark by its own id. Raises SavedJobNotFound."""
    own = delete(SavedJob).where(SavedJob.id == saved_id, SavedJob.candidate_id == candidate.id)
    if db.session.scalar(own.returning(SavedJob.id)) is None:
        raise SavedJobNotFound


def _find(candidate: User, job_id: int) -> SavedJob | None:
    return db.session.scalar(listing(candidate).where(SavedJob.job_id == job_id))
