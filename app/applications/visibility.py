"""Who sees which application, decided inside the query; and the one query shape behind every application that is shown."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.accounts.models import User
from app.applications.errors import ApplicationNotFound, InterviewNotFound
from app.applications.models import Application, Interview
from app.companies.models import Company
from app.core.auth import Role
from app.extensions import db
from app.jobs.models import Job
from app.resumes.models import Resume

# Everything that an answer shows, in one statement whatever the number of rows; long texts of the job and the résumé stay behind.
CARDS = (
    joinedload(Application.candidate).lazyload(User.avatar_file),
    joinedload(Application.job).load_only(Job.title, Job.location, Job.status, Job.deleted_at),
    joinedload(Application.resume).load_only(Resume.title, Resume.pdf_status, Resume.pdf_file_id),
    joinedload(Application.interview),
)


def seen_by(actor: User) -> ColumnElement[bool]:
    """A candidate's own, a recruiter's companies' (whatever became of job or company), for an admin all."""
    if actor.user_type == Role.ADMIN:
        return db.true()
    if actor.user_type == Role.RECRUITER:
        return Application.company_id.in_(select(Company.id).where(Company.owner_id == actor.id))
    return Application.candidate_id == actor.id


def applications_of(actor: User) -> Select[Application]:
    """The applications that `actor` may see, with their cards."""
    return select(Application).where(seen_by(actor)).options(*CARDS)


def interviews_of(actor: User) -> Select[Interview]:
    """The interviews of those applications, with their cards."""
    through = joinedload(Interview.application)
    cards: list[Any] = [
        through.joinedload(Application.candidate).lazyload(User.avatar_file),
        through.joinedload(Application.job).load_only(Job.title, Job.location, Job.status, Job.deleted_at),
    ]
    return select(Interview).join(Interview.application).where(seen_by(actor)).options(*cards)


def get_application(actor: User, application_id: int) -> Application:
    """The application of that id with its cards, freshly read. Raises ApplicationNotFound."""
    query = applications_of(actor).where(Application.id == application_id)
    application = db.session.scalar(query.execution_options(populate_existing=True))
    if application is None:
        raise ApplicationNotFound
    return application


def lock_application(actor: User, application_id: int) -> Application:
    """The same, after every rival change of it or of its interview is over; ours is the next. Raises ApplicationNotFound.

    Two statements: one that waited for a lock still sees other tables as they were before the wait.
    """
    query = select(Application.id).where(seen_by(actor), Application.id == application_id)
    db.session.execute(query.with_for_update())
    return get_application(actor, application_id)


def get_interview(actor: User, interview_id: int) -> Interview:
    """The interview of that id. Raises InterviewNotFound."""
    interview = db.session.scalar(interviews_of(actor).where(Interview.id == interview_id))
    if interview is None:
        raise InterviewNotFound
    return interview
