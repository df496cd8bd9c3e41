"""From the ids of a page to its jobs: one query, which checks again what the reader may see."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import contains_eager

from app.accounts.models import User
from app.companies.models import Company
from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job, JobCounters

Row = tuple[Job, JobCounters | None]


def load_public(ids: Sequence[int]) -> list[Row]:
    """The jobs that take applications now, in the order of the ids: what an index still shows and should not is left out."""
    return _load(ids, and_(company_jobs.is_taking_applications(), Company.deleted_at.is_(None)))


def load_own(owner: User, ids: Sequence[int]) -> list[Row]:
    """The jobs of the owner's companies in any status, in the order of the ids."""
    return _load(ids, Company.owner_id == owner.id)


def company_names(company_ids: Sequence[int]) -> dict[int, str]:
    """The names of the companies that are there, by id."""
    named = select(Company.id, Company.name).where(Company.id.in_(company_ids), Company.deleted_at.is_(None))
    return dict(iter(db.session.execute(named))) if company_ids else {}


def _load(ids: Sequence[int], visible: ColumnElement[bool]) -> list[Row]:
    if not ids:
        return []
    found = select(Job, JobCounters).join(Job.company).outerjoin(JobCounters, JobCounters.job_id == Job.id)
    rows = db.session.execute(found.where(Job.id.in_(ids), visible).options(contains_eager(Job.company))).all()
    by_id: dict[int, Row] = {job.id: (job, counters) for job, counters in rows}
    return [by_id[job_id] for job_id in ids if job_id in by_id]
