"""Lists of jobs without a text to search for: straight from the rows, so that a change shows at once."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.accounts.models import User
from app.companies.models import Company
from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job, JobStatus
from app.search.conditions import every, sorting
from app.search.criteria import NEWEST, RELEVANCE, Filters
from app.search.text import tokens

Ids = tuple[Sequence[int], int]


def list_public(filters: Filters, *, ordering: str, limit: int, offset: int) -> Ids:
    """The ids of one page of the jobs that take applications now, and how many there are. Both from an index alone."""
    return _page(and_(company_jobs.is_taking_applications(), every(Job, filters)), ordering, limit, offset)


def list_own(owner: User, filters: Filters, *, text: str, statuses: Sequence[JobStatus], ordering: str, limit: int, offset: int) -> Ids:
    """The same of the owner's jobs in any status, without deleted ones. Each word of `text` stands in the title, the place or the company."""
    own = and_(Job.company_id.in_(select(Company.id).where(Company.owner_id == owner.id)), Job.deleted_at.is_(None), every(Job, filters))
    conditions = [_begins(word) for word in tokens(text)]
    if statuses:
        conditions.append(Job.status.in_(statuses))
    return _page(and_(own, *conditions), ordering, limit, offset)


def _page(matching: ColumnElement[bool], ordering: str, limit: int, offset: int) -> Ids:
    total = db.session.scalar(select(func.count()).select_from(Job).where(matching)) or 0
    order = sorting(Job, NEWEST if ordering == RELEVANCE else ordering, Job.id)
    ids = db.session.scalars(select(Job.id).where(matching).order_by(*order).limit(limit).offset(offset)).all() if offset < total else []
    return ids, total


def _begins(word: str) -> ColumnElement[bool]:
    """A word that begins so stands in what a list shows of the job."""
    company = select(Company.name).where(Company.id == Job.company_id).scalar_subquery()
    return or_(*(func.fold_words(text).like(f"% {word}%") for text in (Job.title, Job.location, company)))
