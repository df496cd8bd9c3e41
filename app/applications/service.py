"""Changing applications: what a candidate may still edit, what a recruiter decides, and the numbers of both."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from app.accounts.models import User
from app.applications import announcements, interviews
from app.applications.errors import NoFile, NothingToShow, NotYours, UnderReview
from app.applications.history import change_status
from app.applications.models import ApplicantWords, Application, ApplicationStatus, Interview, InterviewStatus
from app.applications.schemas import CandidateStats, RecruiterStats
from app.applications.submission import check_own_resume, keep_cv
from app.applications.visibility import applications_of, get_application, lock_application, seen_by
from app.core import file_purge
from app.core.auth import Role
from app.core.clock import now
from app.core.problems import Invalid
from app.core.storage import StoredFile
from app.core.uploads import Upload
from app.extensions import db
from app.search.text import fold, tokens

CANDIDATE_FIELDS = frozenset({"cover_letter", "cv_file", "resume"})
RECRUITER_FIELDS = frozenset({"status", "note"})


def list_applications(actor: User, *, status: ApplicationStatus | None = None, job_id: int | None = None, typed: str = "") -> Select[Application]:
    """The applications that `actor` may see, filtered. Each word typed is in the candidate's name or the résumé sent; the last may be unfinished."""
    query = applications_of(actor)
    if tokens(typed):
        found = select(ApplicantWords.application_id).where(ApplicantWords.words.bool_op("@@")(func.applicant_query(fold(typed))))
        query = query.where(Application.id.in_(found))
    if status is not None:
        query = query.where(Application.status == status)
    return query.where(Application.job_id == job_id) if job_id is not None else query


def check_fields(actor: User, fields: Mapping[str, Any]) -> None:
    """Each side has its own fields. Raises NotYours."""
    own = CANDIDATE_FIELDS if actor.user_type == Role.CANDIDATE else RECRUITER_FIELDS
    foreign = sorted(set(fields) - own)
    if foreign:
        raise NotYours(foreign)


def edit(candidate: User, application_id: int, changes: Mapping[str, Any], cv: Upload | None) -> Application:
    """A candidate's changes, while nobody has looked yet. Raises ApplicationNotFound, UnderReview, UnknownResume, NothingToShow."""
    application = lock_application(candidate, application_id)
    if application.status != ApplicationStatus.PENDING:
        raise UnderReview
    if "cover_letter" in changes:
        application.cover_letter = changes["cover_letter"] or ""
    if "resume" in changes:
        application.resume_id = check_own_resume(candidate, changes["resume"]) if changes["resume"] else None
    if "cv_file" in changes:
        _replace_cv(application, keep_cv(candidate, cv) if cv else None)
    if application.resume_id is None and application.cv_file_id is None:
        raise NothingToShow
    return _saved(candidate, application)


def decide(recruiter: User, application_id: int, changes: Mapping[str, Any]) -> Application:
    """A recruiter's new status, note, or both. Raises ApplicationNotFound, IllegalTransition, Invalid."""
    application = lock_application(recruiter, application_id)
    if "note" in changes:
        application.note = changes["note"] or ""
    if "status" in changes:
        if changes["status"] is None:
            raise Invalid({"status": "This field cannot be null."})
        move(application, changes["status"], actor=recruiter)
    return _saved(recruiter, application)


def withdraw(candidate: User, application_id: int) -> Application:
    """Take the application back. Raises ApplicationNotFound, IllegalTransition."""
    application = lock_application(candidate, application_id)
    move(application, ApplicationStatus.WITHDRAWN, actor=candidate)
    return _saved(candidate, application)


def move(application: Application, target: ApplicationStatus, *, actor: User) -> None:
    """Change the status of a locked application, with its history and its mail. Raises IllegalTransition."""
    event = change_status(application, target, actor=actor)
    announcements.status_changed(application, event)
    if target in {ApplicationStatus.REJECTED, ApplicationStatus.WITHDRAWN}:
        interviews.call_off(application)


def get_file(actor: User, application_id: int) -> StoredFile:
    """What came with the application: the CV, or else the last PDF that was made of the résumé. Raises ApplicationNotFound, NoFile."""
    application = get_application(actor, application_id)
    stored = application.stored_cv
    if stored is None and application.resume is not None:
        stored = application.resume.pdf_file
    if stored is None:
        raise NoFile
    return stored


def candidate_stats(candidate: User) -> CandidateStats:
    """A candidate's numbers."""
    return CandidateStats(**_headline(_count_by_status(candidate)))


def recruiter_stats(recruiter: User) -> RecruiterStats:
    """The numbers of all applications to the recruiter's companies."""
    counts = _count_by_status(recruiter)
    coming = select(func.count()).select_from(Interview).join(Interview.application).where(seen_by(recruiter))
    coming = coming.where(Interview.status == InterviewStatus.SCHEDULED, Interview.interview_date > now())
    return RecruiterStats(**_headline(counts), byStatus=counts, upcomingInterviews=db.session.scalar(coming) or 0)


def _replace_cv(application: Application, stored: StoredFile | None) -> None:
    replaced = application.stored_cv
    application.stored_cv = stored
    db.session.flush()
    if replaced is not None:
        file_purge.discard(replaced)


def _count_by_status(actor: User) -> dict[ApplicationStatus, int]:
    rows = db.session.execute(select(Application.status, func.count()).where(seen_by(actor)).group_by(Application.status))
    found = {ApplicationStatus(status): number for status, number in rows}
    return {status: found.get(status, 0) for status in ApplicationStatus}


def _headline(counts: Mapping[ApplicationStatus, int]) -> dict[str, Any]:
    return {
        "totalApplications": sum(counts.values()),
        "pendingApplications": counts[ApplicationStatus.PENDING] + counts[ApplicationStatus.REVIEWING],
        "interviews": counts[ApplicationStatus.INTERVIEW_SCHEDULED],
        "offers": counts[ApplicationStatus.OFFER_EXTENDED] + counts[ApplicationStatus.ACCEPTED],
    }


def _saved(actor: User, application: Application) -> Application:
    """The application as it is now, with the cards of what has just been attached to it."""
    db.session.flush()
    return get_application(actor, application.id)
