"""Which résumés a user may see, decided inside the query."""

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.accounts.models import User
from app.applications.models import Application
from app.companies.models import Company
from app.extensions import db
from app.resumes.errors import ResumeNotFound
from app.resumes.models import Resume


def own(user_id: int) -> ColumnElement[bool]:
    """The user's résumés that are not deleted."""
    return and_(Resume.user_id == user_id, Resume.deleted_at.is_(None))


def received_by(user_id: int) -> ColumnElement[bool]:
    """Those that came with an application to a company of the user's, whatever became of the job, the company or the résumé."""
    applications = select(Application.id).join(Company, Application.company_id == Company.id)
    return applications.where(Application.resume_id == Resume.id, Company.owner_id == user_id).exists()


def get_visible(actor: User, resume_id: int) -> Resume:
    """The résumé of that id, if it is the actor's own or came to them. Raises ResumeNotFound."""
    return _get(select(Resume).where(Resume.id == resume_id, or_(own(actor.id), received_by(actor.id))))


def get_own(user_id: int, resume_id: int) -> Resume:
    """The user's résumé of that id. Raises ResumeNotFound."""
    return _get(select(Resume).where(Resume.id == resume_id, own(user_id)))


def lock_own(user_id: int, resume_id: int) -> Resume:
    """The user's résumé of that id, freshly read and locked against other edits and renders. Raises ResumeNotFound."""
    return _get(locked(select(Resume).where(Resume.id == resume_id, own(user_id))))


def locked(query: Select[Resume]) -> Select[Resume]:
    """The query with its rows locked and freshly read; an application that refers to them need not wait."""
    return query.with_for_update(of=Resume, key_share=True).execution_options(populate_existing=True)


def _get(query: Select[Resume]) -> Resume:
    resume = db.session.scalar(query)
    if resume is None:
        raise ResumeNotFound
    return resume
