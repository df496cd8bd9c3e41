"""Postings: writing, changing, opening, closing, deleting and restoring them; who may see one that is not public."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select, true

from app.accounts.models import User
from app.companies import service as companies
from app.companies.models import Company
from app.core.auth import Role
from app.core.clock import now, today
from app.core.problems import Invalid
from app.extensions import db
from app.jobs import cache, charging, states
from app.jobs.errors import CompanyGone, DeadlinePassed, JobDeleted, JobNotFound
from app.jobs.models import Job, JobCounters, JobStatus
from app.jobs.states import Move

_TEXTS = frozenset({"requirements", "responsibilities", "benefits"})


def create(actor: User, values: Mapping[str, Any]) -> Job:
    """Add a posting of one of the actor's companies, as a draft or open at once. Raises Invalid, NoCredits, MembershipExpired."""
    company = companies.find_own(actor, values["company"])
    if company is None:
        raise Invalid({"company": "Choose one of your companies."})
    wanted = values.get("status", JobStatus.DRAFT)
    if wanted == JobStatus.CLOSED:
        raise Invalid({"status": "A new job is a draft or open."})
    job = Job(company=company, status=JobStatus.DRAFT, **_columns(values))
    _check_pay(job)
    _check_deadline(job)
    db.session.add(job)
    db.session.flush()
    if wanted == JobStatus.OPEN:
        _move(job, Move.PUBLISH)
    cache.announce(job)
    return job


def update(actor: User, job_id: int, changes: Mapping[str, Any]) -> Job:
    """Set the given fields; a new `status` moves the job as `publish` and `close` do.

    Raises JobNotFound, JobDeleted, Invalid, and what those raise.
    """
    job = _lock(actor, job_id)
    if job.is_deleted:
        raise JobDeleted
    if changes.get("company", job.company_id) != job.company_id:
        raise Invalid({"company": "A job stays with its company."})
    changed = {name: value for name, value in _columns(changes).items() if getattr(job, name) != value}
    for name, value in changed.items():
        setattr(job, name, value)
    _check_pay(job)
    if "deadline" in changed:
        _check_deadline(job)
    move = states.move_to(job.status, changes.get("status", job.status))
    if move is not None:
        _move(job, move)
    if changed or move is not None:
        cache.job_changed(job)
    return job


def publish(actor: User, job_id: int) -> Job:
    """Open a draft, or a closed job again. The first opening is paid.

    Raises JobNotFound, IllegalMove, DeadlinePassed, NoCredits, MembershipExpired.
    """
    return _apply(actor, job_id, Move.PUBLISH)


def close(actor: User, job_id: int) -> Job:
    """Take no more applications. Raises JobNotFound, IllegalMove."""
    return _apply(actor, job_id, Move.CLOSE)


def restore(actor: User, job_id: int) -> Job:
    """Undo a deletion: the job has the status from before, free of charge. Raises JobNotFound, IllegalMove, CompanyGone."""
    return _apply(actor, job_id, Move.RESTORE)


def delete(actor: User, job_id: int) -> None:
    """Hide the job from the public; applications keep showing it. Raises JobNotFound, JobDeleted."""
    _apply(actor, job_id, Move.DELETE)


def get_managed(actor: User, job_id: int) -> tuple[Job, JobCounters | None]:
    """The job in any status, for its company's owner and admins, with its counters. Raises JobNotFound."""
    managed = select(Job, JobCounters).join(Company, Job.company_id == Company.id).outerjoin(JobCounters, JobCounters.job_id == Job.id)
    row = db.session.execute(managed.where(Job.id == job_id, _managed_by(actor))).one_or_none()
    if row is None:
        raise JobNotFound
    return row[0], row[1]


def find_counters(job_id: int) -> JobCounters | None:
    """How often the job was read and applied to, if ever."""
    return db.session.get(JobCounters, job_id)


def _apply(actor: User, job_id: int, move: Move) -> Job:
    job = _lock(actor, job_id)
    _move(job, move)
    cache.job_changed(job)
    return job


def _move(job: Job, move: Move) -> None:
    following = states.after(job.status, move, is_deleted=job.is_deleted)
    if move == Move.PUBLISH:
        _open(job)
    if move == Move.RESTORE and job.company.is_deleted:
        raise CompanyGone
    if move in {Move.DELETE, Move.RESTORE}:
        job.deleted_at = now() if move == Move.DELETE else None
    job.status = following


def _open(job: Job) -> None:
    if job.deadline is not None and job.deadline < today():
        raise DeadlinePassed
    if job.published_at is None:
        charging.charge(job.company.owner, job)
        job.published_at = now()


def _lock(actor: User, job_id: int) -> Job:
    """The job, its row locked, and its company kept from changing: companies are always locked before their jobs. Raises JobNotFound."""
    company = select(Company).join(Job, Job.company_id == Company.id).where(Job.id == job_id, _managed_by(actor))
    job = select(Job).where(Job.id == job_id)
    fresh = {"populate_existing": True}
    if db.session.scalar(company.with_for_update(read=True, of=Company).execution_options(**fresh)) is None:
        raise JobNotFound
    found = db.session.scalar(job.with_for_update(of=Job, key_share=True).execution_options(**fresh))
    if found is None:
        raise JobNotFound
    return found


def _managed_by(actor: User) -> ColumnElement[bool]:
    return true() if actor.user_type == Role.ADMIN else Company.owner_id == actor.id


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns' values: an optional text that is null is stored empty."""
    given = {name: value for name, value in values.items() if name not in {"company", "status"}}
    return {name: "" if value is None and name in _TEXTS else value for name, value in given.items()}


def _check_pay(job: Job) -> None:
    if job.salary_min is not None and job.salary_max is not None and job.salary_min > job.salary_max:
        raise Invalid({"salary_max": "The highest pay is below the lowest."})


def _check_deadline(job: Job) -> None:
    if job.deadline is not None and job.deadline < today():
        raise Invalid({"deadline": "The deadline must be today or later."})
