"""Lists of jobs without a text to search for: straight from the rows, so that a change shows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.accounts.models import User
from app.companies.models import Company
from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job, JobStatus
from app.search.conditions import every
from app.search.criteria import NEWEST, RELEVANCE, Filters
from app.search.engine import Hits, SortKey
from app.search.keyset import key_of, select_sorted
from app.search.text import tokens


@dataclass(frozen=True, slots=True)
class Cut:
    """Which page of a list: `limit` rows from the `offset` on, or after the row where the page before ended."""

    ordering: str
    limit: int
    offset: int = 0
    after: SortKey | None = None


def list_public(filters: Filters, cut: Cut) -> Hits:
    """One page of the jobs that take applications now, and how many there are. Both from an index alone."""
    return _page(and_(company_jobs.is_taking_applications(), every(Job, filters)), cut)


def list_own(owner: User, filters: Filters, cut: Cut, *, text: str, statuses: Sequence[JobStatus]) -> Hits:
    """The same of the owner's jobs in any status, without deleted ones. Each word of `text` stands in the title, the place or the company."""
    own = and_(Job.company_id.in_(select(Company.id).where(Company.owner_id == owner.id)), Job.deleted_at.is_(None), every(Job, filters))
    conditions = [_begins(word) for word in tokens(text)]
    if statuses:
        conditions.append(Job.status.in_(statuses))
    return _page(and_(own, *conditions), cut)


def _page(matching: ColumnElement[bool], cut: Cut) -> Hits:
    total = db.session.scalar(select(func.count()).select_from(Job).where(matching)) or 0
    offset = 0 if cut.after else cut.offset
    if offset >= total:
        return Hits([], total)
    ordering = NEWEST if cut.ordering == RELEVANCE else cut.ordering
    # One more than asked for tells whether anything follows.
    rows = db.session.execute(select_sorted(Job, Job.id, matching, ordering, cut.after).limit(cut.limit + 1).offset(offset)).all()
    shown = rows[: cut.limit]
    return Hits([row.job_id for row in shown], total, last=key_of(shown[-1]) if len(rows) > cut.limit else None)


def _begins(word: str) -> ColumnElement[bool]:
    """A word that begins so stands in what a list shows of the job."""
    company = select(Company.name).where(Company.id == Job.company_id).scalar_subquery()
    return or_(*(func.fold_words(text).like(f"% {word}%") for text in (Job.title, Job.location, company)))
