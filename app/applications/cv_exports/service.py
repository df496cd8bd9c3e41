"""Asking for an export, downloading it, and removing it when its time is over."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import and_, func, or_, select

from app.accounts.models import User
from app.applications.cv_exports.errors import ExportNotFound, TooManyExports
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.applications.cv_exports.slices import SLICE_SECONDS
from app.applications.models import Application
from app.companies.models import Company
from app.core import backlog, file_purge, leases
from app.core.outbox import Task, TaskState, enqueue
from app.core.storage import StoredFile
from app.extensions import db
from app.jobs.models import Job
from app.jobs.service import get_managed

TASK = "pdf.cv_export"

# A worker's death costs an attempt of the slice in hand, whose résumé is left out on the third; as many are left for what is nobody's fault.
MAX_ATTEMPTS = 6

# Each takes its turns among everybody's PDFs, and lengthens the queue by one of them.
MOST_UNDER_WAY = 3

# A download that begins in the last second may take this long.
GRACE = timedelta(hours=1)

backlog.declare_turn(TASK, SLICE_SECONDS)

_LIVE = (TaskState.PENDING, TaskState.SENT, TaskState.RUNNING)


def path_of(export_id: int) -> str:
    """Where the finished archive is served."""
    return f"/api/v1/cv-exports/{export_id}/download/"


def request_export(actor: User, job_id: int, *, before_accepting: Callable[[], None]) -> int:
    """The id of the task that makes the archive of the job's CVs; asking again while it is being made gives the same.

    `before_accepting` is called, and may refuse by raising, only for a new one. Raises JobNotFound, TooManyExports.
    """
    job, _ = get_managed(actor, job_id)
    _lock_requester(actor.id)
    under_way = _find_under_way(actor, job)
    if under_way is not None and under_way.task_id is not None:
        return under_way.task_id
    if _count_under_way(actor) >= MOST_UNDER_WAY:
        raise TooManyExports(MOST_UNDER_WAY)
    before_accepting()
    return _begin(actor, job)


def get_finished(actor: User, export_id: int) -> tuple[CvExport, Sequence[StoredFile]]:
    """A finished export of one of the actor's companies, and the files that make it up, in their order. Raises ExportNotFound."""
    theirs = select(CvExport).join(Company, CvExport.company_id == Company.id).where(CvExport.id == export_id, Company.owner_id == actor.id)
    export = db.session.scalar(theirs.where(CvExport.finished_at > func.clock_timestamp() - _kept_for()))
    if export is None:
        raise ExportNotFound
    parts = select(StoredFile).join(CvExportPart, CvExportPart.file_id == StoredFile.id).where(CvExportPart.export_id == export.id)
    return export, db.session.scalars(parts.order_by(CvExportPart.number)).all()


def purge_expired(*, limit: int = 100) -> int:
    """Remove exports whose time is over, and those that were not finished in that time. Returns how many; their bytes go after the commit."""
    end = func.clock_timestamp() - _kept_for() - GRACE
    over = or_(CvExport.finished_at < end, and_(CvExport.finished_at.is_(None), CvExport.created_at < end))
    expired = db.session.scalars(select(CvExport).where(over).order_by(CvExport.id).limit(limit).with_for_update(skip_locked=True)).all()
    for export in expired:
        _drop(export)
    return len(expired)


@leases.when_dead(TASK)
def drop_failed(args: dict[str, Any], error: str) -> None:
    """What an export has made so far is of no use without its end."""
    export = db.session.scalar(select(CvExport).where(CvExport.id == args["export_id"]).with_for_update())
    if export is not None:
        _drop(export)


def _begin(actor: User, job: Job) -> int:
    last, total = db.session.execute(select(func.max(Application.id), func.count()).where(Application.job_id == job.id)).one()
    values = {"job_id": job.id, "company_id": job.company_id, "requested_by": actor.id, "title": job.title}
    export = CvExport(**values, last_application_id=last or 0, total=total)
    db.session.add(export)
    db.session.flush()
    export.task_id = enqueue(TASK, {"export_id": export.id}, owner_id=actor.id, max_attempts=MAX_ATTEMPTS)
    return export.task_id


def _lock_requester(user_id: int) -> None:
    """One request of a user's at a time: a twin finds the export that the first has begun, and the count holds."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _count_under_way(actor: User) -> int:
    live = select(func.count()).select_from(CvExport).join(Task, CvExport.task_id == Task.id)
    return db.session.scalar(live.where(CvExport.requested_by == actor.id, CvExport.finished_at.is_(None), Task.state.in_(_LIVE))) or 0


def _find_under_way(actor: User, job: Job) -> CvExport | None:
    """The actor's export of the job that is being made; one whose task was given up is removed."""
    found = db.session.execute(select(CvExport, Task.state).outerjoin(Task, CvExport.task_id == Task.id).where(*_of(actor, job))).one_or_none()
    if found is None or found.state in _LIVE:
        return found.CvExport if found else None
    _drop(found.CvExport)
    return None


def _of(actor: User, job: Job) -> tuple[Any, ...]:
    return CvExport.requested_by == actor.id, CvExport.job_id == job.id, CvExport.finished_at.is_(None)


def _drop(export: CvExport) -> None:
    for part in export.parts:
        file_purge.discard(part.file)
    db.session.delete(export)
    db.session.flush()


def _kept_for() -> timedelta:
    return timedelta(hours=current_app.config["CV_EXPORT_KEEP_HOURS"])
