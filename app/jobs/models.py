"""The posting, its counters, and who saved it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.core.clock import now, today
from app.core.text import slugify
from app.extensions import Model, db


class JobType(StrEnum):
    FULL_TIME = "FULL_TIME"
    PART_TIME = "PART_TIME"
    CONTRACT = "CONTRACT"
    FREELANCE = "FREELANCE"
    INTERNSHIP = "INTERNSHIP"


class ExperienceLevel(StrEnum):
    INTERN = "INTERN"
    JUNIOR = "JUNIOR"
    MIDDLE = "MIDDLE"
    SENIOR = "SENIOR"
    LEAD = "LEAD"


class JobStatus(StrEnum):
    DRAFT = "DRAFT"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Currency(StrEnum):
    VND = "VND"
    USD = "USD"


# What lists filter and sort by, so that they count in the index alone.
_LISTED = [
    "deadline", "company_id", "title", "location_folded", "job_type", "experience_level", "salary_min", "salary_max", "currency", "is_remote",
]  # fmt: skip


class Job(Model):
    """A posting. `version` grows with every change that a searcher or reader can see; `published_at` marks the paid first opening.

    A soft delete sets `deleted_at` and leaves the status, to which a restore returns. Pay is a month's, in the currency's minor unit.
    `location_folded` is the location without accents, made by the database: its words in lower case, a blank on either side.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("salary_min IS NULL OR salary_max IS NULL OR salary_min <= salary_max", name="salary_range"),
        Index(
            "ix_jobs_public",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'OPEN' AND deleted_at IS NULL"),
            postgresql_include=_LISTED,
        ),
        # What was opened since a job alert's last run.
        Index("ix_jobs_opened", "published_at", postgresql_where=text("status = 'OPEN' AND deleted_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="RESTRICT"), index=True)
    title: Mapped[str]
    description: Mapped[str]
    requirements: Mapped[str] = mapped_column(default="", server_default="")
    responsibilities: Mapped[str] = mapped_column(default="", server_default="")
    benefits: Mapped[str] = mapped_column(default="", server_default="")
    location: Mapped[str]
    location_folded: Mapped[str] = mapped_column(Computed("fold_words(location)", persisted=True), deferred=True)
    job_type: Mapped[JobType] = mapped_column(db.String(16))
    experience_level: Mapped[ExperienceLevel | None] = mapped_column(db.String(16))
    salary_min: Mapped[int | None] = mapped_column(BigInteger)
    salary_max: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[Currency] = mapped_column(db.String(3), default=Currency.VND, server_default="VND")
    is_negotiable: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    is_remote: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    deadline: Mapped[date | None]
    status: Mapped[JobStatus] = mapped_column(db.String(8), default=JobStatus.DRAFT, server_default="DRAFT")
    published_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, onupdate=now, server_default=func.now())

    company: Mapped[Company] = relationship(lazy="joined", innerjoin=True)

    @property
    def slug(self) -> str:
        """Readable address part that ends in the id."""
        return f"{slugify(self.title)}-{self.id}"

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def is_public(self) -> bool:
        """Whether anybody may read it."""
        return self.status == JobStatus.OPEN and not self.is_deleted

    @property
    def takes_applications(self) -> bool:
        """Open, live, and its deadline not past."""
        return self.is_public and (self.deadline is None or self.deadline >= today())


class JobCounters(Model):
    """How often a job was read and applied to: apart from the job, so that counting never waits for or disturbs its row."""

    __tablename__ = "job_counters"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    views: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    applications: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class SavedJob(Model):
    """A candidate's bookmark. A purged job leaves the bookmark with its tombstone card."""

    __tablename__ = "saved_jobs"
    __table_args__ = (UniqueConstraint("candidate_id", "job_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())

    job: Mapped[Job | None] = relationship()
