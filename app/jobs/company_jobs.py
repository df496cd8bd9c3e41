"""What happens to a company's jobs together, by one statement a table; `app.companies` calls it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Update, and_, case, func, or_, select, update

from app.core.clock import now, today
from app.extensions import db
from app.jobs import cache
from app.jobs.models import Job, JobStatus


def refresh(company_id: int) -> None:
    """The company's name, logo or place changed: its live jobs are shown and indexed anew. The postings' own times stay."""
    live = and_(Job.company_id == company_id, Job.deleted_at.is_(None))
    _note(update(Job).where(live).values(version=Job.version + 1, updated_at=Job.updated_at))


def hide(company_id: int) -> None:
    """The company is gone: its open jobs are closed, and all of them deleted softly."""
    live = and_(Job.company_id == company_id, Job.deleted_at.is_(None))
    closed = case((Job.status == JobStatus.OPEN, JobStatus.CLOSED.value), else_=Job.status)
    _note(update(Job).where(live).values(version=Job.version + 1, deleted_at=now(), status=closed))


def count_open(company_ids: Sequence[int]) -> dict[int, int]:
    """How many jobs take applications now, by company id; companies without any are left out."""
    counted = select(Job.company_id, func.count()).where(Job.company_id.in_(company_ids), is_taking_applications()).group_by(Job.company_id)
    return dict(db.session.execute(counted).all())


def is_taking_applications() -> ColumnElement[bool]:
    """SQL for `Job.takes_applications`: open, live, its deadline not past."""
    return and_(Job.status == JobStatus.OPEN, Job.deleted_at.is_(None), or_(Job.deadline.is_(None), Job.deadline >= today()))


def _note(statement: Update) -> None:
    changed = statement.returning(Job.id).execution_options(synchronize_session=False)
    cache.jobs_changed(db.session.scalars(changed).all())
