"""From the ids of a page to its jobs: one query, which checks again what the reader may see."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select
from sqlalchemy.orm import contains_eager

from app.accounts.models import User
from app.companies.models import Company
from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job, JobCounters

Row = tuple[Job, JobCounters | None]


def load_public(ids: Sequence[int]) -> list[Row]:
    """The jobs that take applications now, in the order of the ids: what an index still shows and should not is left out."""
    return _in_order(ids, db.session.execute(_public(ids)).all()) if ids else []


def load_found(ids: Sequence[int], company_ids: Sequence[int]) -> tuple[list[Row], dict[int, str]]:
    """The same, and the names of those of the companies that are there, by id: in one query wherever a job is shown."""
    named = select(func.json_object_agg(Company.id, Company.name)).where(Company.id.in_(company_ids), Company.deleted_at.is_(None))
    # As text it comes with each row, and is read but once.
    names = cast(named.scalar_subquery(), Text)
    rows = db.session.execute(_public(ids).add_columns(names)).all() if ids else []
    read = rows[0][-1] if rows else db.session.scalar(select(names)) if company_ids else None
    return _in_order(ids, rows), {int(company_id): name for company_id, name in json.loads(read or "{}").items()}


def load_own(owner: User, ids: Sequence[int]) -> list[Row]:
    """The jobs of the owner's companies in any status, in the order of the ids."""
    return _in_order(ids, db.session.execute(_rows(ids, Company.owner_id == owner.id)).all()) if ids else []


def _public(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    return _rows(ids, and_(company_jobs.is_taking_applications(), Company.deleted_at.is_(None)))


def _rows(ids: Sequence[int], visible: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    found = select(Job, JobCounters).join(Job.company).outerjoin(JobCounters, JobCounters.job_id == Job.id)
    return found.where(Job.id.in_(ids), visible).options(contains_eager(Job.company))


def _in_order(ids: Sequence[int], rows: Sequence[Any]) -> list[Row]:
    by_id: dict[int, Row] = {row[0].id: (row[0], row[1]) for row in rows}
    return [by_id[job_id] for job_id in ids if job_id in by_id]
