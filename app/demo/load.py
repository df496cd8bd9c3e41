"""Loading the demo board into the database: users, companies, jobs, packages, a résumé and some applications.

One transaction, so that a load which dies leaves nothing; jobs go in by COPY. Ids of companies, jobs and packages begin at 1.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import psycopg
from sqlalchemy import func, select, text

from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.applications.models import Application, ApplicationEvent, ApplicationStatus
from app.companies.models import Company
from app.core.auth import Role
from app.core.clock import now, today
from app.demo.catalogue import JobSeed, jobs
from app.demo.companies import CompanySeed, companies
from app.demo.people import SAMPLE_RESUME, people
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.payments import service as payments
from app.payments.models import Package, PackageType
from app.resumes import service as resumes
from app.resumes.schemas import ResumeCreate
from app.search import service as search
from app.search import suggestion_upkeep

SEED = 2026
PASSWORD = "demo123"  # noqa: S105  The documented password of the demo accounts.
OTHER_RECRUITERS = 12
OTHER_CANDIDATES = 24
DEMO_CREDITS = 100
MINOR_UNITS = {"VND": 1, "USD": 100}
_LOCK = 7_310_001
_JOB_COLUMNS = (
    "company_id", "title", "description", "requirements", "responsibilities", "benefits", "location", "job_type", "experience_level",
    "salary_min", "salary_max", "currency", "is_negotiable", "is_remote", "deadline", "status", "published_at", "created_at", "updated_at",
)  # fmt: skip

Progress = Callable[[Iterable[JobSeed]], Iterable[JobSeed]]


@dataclass(frozen=True)
class Loaded:
    """How much a load added."""

    companies: int
    jobs: int
    users: int


def is_empty() -> bool:
    """Whether there is no job yet. Takes the load's lock, so that two first starts at once load once."""
    db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    return db.session.scalar(select(Job.id).limit(1)) is None


def load(count: int, *, progress: Progress = iter) -> Loaded:
    """Add the demo board with `count` jobs to an empty database, in the open transaction."""
    # The limit is made for requests; a bulk load is one long statement.
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    _restart_ids()
    users = _add_users()
    seeds = companies(SEED)
    made = _add_companies(seeds, users)
    copied = _copy_jobs(progress(jobs(SEED, count, seeds, today())), [company.id for company in made])
    _add_packages()
    _add_applications(users)
    search.rebuild_in_transaction()
    suggestion_upkeep.refresh()
    return Loaded(len(made), copied, len(users.all))


@dataclass(frozen=True)
class _Users:
    admin: User
    recruiter: User
    candidate: User
    other_recruiters: Sequence[User]
    other_candidates: Sequence[User]

    @property
    def all(self) -> list[User]:
        return [self.admin, self.recruiter, self.candidate, *self.other_recruiters, *self.other_candidates]


def _restart_ids() -> None:
    for table in ("users", "companies", "jobs", "packages"):
        if db.session.scalar(text(f"SELECT id FROM {table} LIMIT 1")) is None:  # noqa: S608  Fixed table names.
            db.session.execute(text(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH 1"))


def _add_users() -> _Users:
    password_hash = hash_password(PASSWORD)

    def user(email: str, full_name: str, role: Role, **values: Any) -> User:
        approved_at = now() if role == Role.RECRUITER else None
        return User(
            email=email, full_name=full_name, user_type=role, password_hash=password_hash, is_verified=True, approved_at=approved_at, **values
        )

    strangers = people(SEED, OTHER_RECRUITERS + OTHER_CANDIDATES)
    users = _Users(
        user("admin@demo.com", "Quản trị viên", Role.ADMIN),
        user("recruiter@demo.com", "Lê Thị Thu Hà", Role.RECRUITER, phone_number="0901 234 567"),
        user("candidate@demo.com", SAMPLE_RESUME["full_name"], Role.CANDIDATE, desired_job_title="Kỹ sư phần mềm", desired_location="Hà Nội"),
        [user(person.email, person.full_name, Role.RECRUITER) for person in strangers[:OTHER_RECRUITERS]],
        [user(person.email, person.full_name, Role.CANDIDATE) for person in strangers[OTHER_RECRUITERS:]],
    )
    for made in users.all:
        db.session.add(made)
        db.session.flush()
    users.recruiter.membership_expires_at = now() + timedelta(days=365)
    payments.grant_credits(users.recruiter.id, DEMO_CREDITS, "Demo account", actor_id=None)
    return users


def _add_companies(seeds: Sequence[CompanySeed], users: _Users) -> list[Company]:
    first = next(jobs(SEED, 1, seeds, today())).company_index
    made = []
    for seed in seeds:
        owner = users.recruiter if seed.index == first else users.other_recruiters[seed.index % OTHER_RECRUITERS]
        shared = {name: getattr(seed, name) for name in ("name", "website", "description", "industry", "company_size", "location")}
        company = Company(owner_id=owner.id, created_at=now() - timedelta(days=400 - seed.index), **shared)
        db.session.add(company)
        db.session.flush()
        made.append(company)
    return made


def _copy_jobs(seeds: Iterable[JobSeed], company_ids: Sequence[int]) -> int:
    cursor = cast(psycopg.Cursor, db.session.connection().connection.cursor())
    copied = 0
    with cursor, cursor.copy(f"COPY jobs ({', '.join(_JOB_COLUMNS)}) FROM STDIN") as copy:
        for seed in seeds:
            copy.write_row(_job_row(seed, company_ids[seed.company_index]))
            copied += 1
    counters = "INSERT INTO job_counters (job_id, views, applications) SELECT id, (id * 7919) % 400, 0 FROM jobs ON CONFLICT DO NOTHING"
    db.session.execute(text(counters))
    return copied


def _job_row(seed: JobSeed, company_id: int) -> tuple[Any, ...]:
    published_at = None if seed.status == JobStatus.DRAFT else seed.created_at
    # The catalogue states pay as people say it; the board keeps the currency's minor unit.
    minor = MINOR_UNITS[seed.currency]
    values: dict[str, str | int | bool | date | datetime | None] = {
        **{name: getattr(seed, name) for name in _JOB_COLUMNS if hasattr(seed, name)},
        "salary_min": seed.salary_min and seed.salary_min * minor,
        "salary_max": seed.salary_max and seed.salary_max * minor,
        "company_id": company_id,
        "published_at": published_at,
        "updated_at": seed.created_at,
    }
    return tuple(values[name] for name in _JOB_COLUMNS)


def _add_packages() -> None:
    shared = {"currency": "VND", "is_active": True}
    for package in (
        Package(name="Gói 10 tin", price=1_500_000, duration_days=30, package_type=PackageType.CREDIT, job_posting_limit=10, **shared),
        Package(
            name="Hội viên 30 ngày",
            price=4_900_000,
            duration_days=30,
            package_type=PackageType.SUBSCRIPTION,
            job_posting_limit=0,
            allow_unlimited_posting=True,
            **shared,
        ),
        Package(name="Gói 50 tin", price=6_000_000, duration_days=90, package_type=PackageType.CREDIT, job_posting_limit=50, **shared),
    ):
        db.session.add(package)
        db.session.flush()


def _add_applications(users: _Users) -> None:
    resume = resumes.create(users.candidate, ResumeCreate.model_validate(SAMPLE_RESUME).changes())
    open_jobs = db.session.scalars(select(Job).where(Job.status == JobStatus.OPEN).order_by(Job.id).limit(60)).unique().all()
    own = [job for job in open_jobs if job.company.owner_id == users.recruiter.id]
    _apply(users.candidate, [*own[:1], *[job for job in open_jobs if job not in own][:4]], resume.id)
    for candidate in users.other_candidates:
        picked = own[candidate.id % max(len(own), 1) :][:2]
        _apply(candidate, picked, None)
    db.session.execute(
        text(
            "UPDATE job_counters SET applications = counted.number"
            " FROM (SELECT job_id, count(*) AS number FROM applications GROUP BY job_id) counted WHERE counted.job_id = job_counters.job_id"
        )
    )


def _apply(candidate: User, picked: Sequence[Job], resume_id: int | None) -> None:
    for number, job in enumerate(picked):
        applied_at = now() - timedelta(days=number, hours=candidate.id % 24)
        application = Application(
            candidate_id=candidate.id,
            job_id=job.id,
            company_id=job.company_id,
            resume_id=resume_id,
            cover_letter=f"Kính gửi {job.company.name}, tôi xin ứng tuyển vị trí {job.title}.",
            applied_at=applied_at,
            created_at=applied_at,
        )
        db.session.add(application)
        db.session.flush()
        db.session.add(
            ApplicationEvent(application_id=application.id, to_status=ApplicationStatus.PENDING, actor_id=candidate.id, created_at=applied_at)
        )
