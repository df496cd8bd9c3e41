"""Builders of rows for tests; each call flushes, so ids are there at once."""

from datetime import timedelta
from typing import Any

import factory
from factory.alchemy import SQLAlchemyModelFactory

from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.applications.models import Application
from app.companies.models import Company
from app.core.auth import Role
from app.core.clock import now, today
from app.jobs.models import ExperienceLevel, Job, JobStatus, JobType
from app.resumes.models import Resume

PASSWORD = "right-password"
_PASSWORD_HASH = hash_password(PASSWORD)


class _Factory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session_persistence = "flush"


class CandidateFactory(_Factory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"candidate{n}@example.com")
    password_hash = _PASSWORD_HASH
    full_name = "Nguyễn Thị Phương Thảo"
    user_type = Role.CANDIDATE
    is_active = True


class RecruiterFactory(CandidateFactory):
    email = factory.Sequence(lambda n: f"recruiter{n}@example.com")
    full_name = "Trần Quốc Bảo"
    user_type = Role.RECRUITER
    approved_at = factory.LazyFunction(now)
    job_posting_credits = 10


class AdminFactory(CandidateFactory):
    email = factory.Sequence(lambda n: f"admin{n}@example.com")
    full_name = "Quản Trị Viên"
    user_type = Role.ADMIN


class CompanyFactory(_Factory):
    class Meta:
        model = Company

    owner = factory.SubFactory(RecruiterFactory)
    name = factory.Sequence(lambda n: f"Công ty Sao Mai {n}")
    location = "Đà Nẵng"


class JobFactory(_Factory):
    """An open job with a deadline in a month."""

    class Meta:
        model = Job

    company = factory.SubFactory(CompanyFactory)
    title = "Kỹ sư phần mềm"
    description = "Xây dựng hệ thống tuyển dụng."
    location = "Hà Nội"
    job_type = JobType.FULL_TIME
    experience_level = ExperienceLevel.MIDDLE
    salary_min = 20_000_000
    salary_max = 35_000_000
    deadline = factory.LazyFunction(lambda: today() + timedelta(days=30))
    status = JobStatus.OPEN
    published_at = factory.LazyFunction(now)


class ResumeFactory(_Factory):
    class Meta:
        model = Resume

    user_id = factory.LazyFunction(lambda: CandidateFactory().id)
    title = "Lập trình viên Python"
    full_name = "Nguyễn Thị Phương Thảo"


class ApplicationFactory(_Factory):
    class Meta:
        model = Application

    candidate = factory.SubFactory(CandidateFactory)
    job = factory.SubFactory(JobFactory)
    company = factory.LazyAttribute(lambda made: made.job.company)


def use(session: Any) -> None:
    """Build through `session` from now on."""
    for made in (CandidateFactory, CompanyFactory, JobFactory, ResumeFactory, ApplicationFactory):
        made._meta.sqlalchemy_session = session
    for made in (RecruiterFactory, AdminFactory):
        made._meta.sqlalchemy_session = session
