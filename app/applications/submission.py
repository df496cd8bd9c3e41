"""Applying: is the job open to this candidate, what is sent with it, and what follows from it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.applications import announcements
from app.applications.errors import AlreadyApplied, DeadlinePassed, JobClosed, NothingToShow, UnknownJob, UnknownResume
from app.applications.history import record
from app.applications.models import Application, ApplicationStatus
from app.core.storage import StoredFile, save
from app.core.uploads import Upload
from app.extensions import db
from app.jobs.counters import count_application
from app.jobs.models import Job, JobStatus
from app.resumes.access import get_own
from app.resumes.errors import ResumeNotFound
from app.resumes.service import find_primary


@dataclass(frozen=True)
class NewApplication:
    """What a candidate sends: the job, and a CV, a résumé of theirs, or neither."""

    job_id: int
    resume_id: int | None = None
    cv: Upload | None = None
    cover_letter: str = ""


def apply(candidate: User, new: NewApplication) -> Application:
    """Hand in an application. Raises UnknownJob, JobClosed, DeadlinePassed, AlreadyApplied, UnknownResume, NothingToShow."""
    job = _open_job(new.job_id)
    if db.session.scalar(select(Application.id).where(Application.candidate_id == candidate.id, Application.job_id == job.id)):
        raise AlreadyApplied
    application = Application(
        candidate_id=candidate.id,
        job_id=job.id,
        company_id=job.company_id,
        resume_id=_resume_to_send(candidate, new),
        cover_letter=new.cover_letter,
    )
    if new.cv is not None:
        application.cv_file_id = keep_cv(candidate, new.cv).id
    _insert(application)
    record(application, None, ApplicationStatus.PENDING, actor_id=candidate.id)
    announcements.application_received(application)
    # Last of all: the counter's row is shared by everybody who applies for the job.
    count_application(job.id)
    return application


def keep_cv(candidate: User, cv: Upload) -> StoredFile:
    """Store a checked CV for its candidate."""
    return save(cv.data, folder="cvs", name=cv.name, content_type=cv.content_type, owner_id=candidate.id)


def check_own_resume(candidate: User, resume_id: int) -> int:
    """The id, if it is a live résumé of the candidate's. Raises UnknownResume."""
    try:
        return get_own(candidate.id, resume_id).id
    except ResumeNotFound as error:
        raise UnknownResume from error


def _open_job(job_id: int) -> Job:
    """The job, held open until our commit. Drafts and deleted jobs are as unknown to a candidate as those that never were."""
    live = select(Job).where(Job.id == job_id, Job.deleted_at.is_(None), Job.status != JobStatus.DRAFT)
    job = db.session.scalar(live.with_for_update(read=True, of=Job).execution_options(populate_existing=True))
    if job is None or job.company.is_deleted:
        raise UnknownJob
    if job.status != JobStatus.OPEN:
        raise JobClosed
    if not job.takes_applications:
        raise DeadlinePassed
    return job


def _resume_to_send(candidate: User, new: NewApplication) -> int | None:
    if new.resume_id is not None:
        return check_own_resume(candidate, new.resume_id)
    if new.cv is not None:
        return None
    primary = find_primary(candidate.id)
    if primary is None:
        raise NothingToShow
    return primary.id


def _insert(application: Application) -> None:
    """Raises AlreadyApplied when a twin request was faster."""
    try:
        with db.session.begin_nested():
            db.session.add(application)
    except IntegrityError as error:
        raise AlreadyApplied from error
