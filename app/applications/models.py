"""The application, every change of its status, and its interview."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.companies.models import Company
from app.core import file_purge
from app.core.clock import now
from app.core.storage import StoredFile
from app.extensions import Model, db
from app.jobs.models import Job
from app.resumes.models import Resume


class ApplicationStatus(StrEnum):
    PENDING = "PENDING"
    REVIEWING = "REVIEWING"
    INTERVIEW_SCHEDULED = "INTERVIEW_SCHEDULED"
    OFFER_EXTENDED = "OFFER_EXTENDED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class InterviewStatus(StrEnum):
    SCHEDULED = "SCHEDULED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class Application(Model):
    """A candidate's application. It outlives its job: a purge sets `job_id` to null, `company_id` keeps the recruiter's view."""

    __tablename__ = "applications"
    __table_args__ = (
        UniqueConstraint("candidate_id", "job_id"),
        Index("ix_applications_company", "company_id", text("applied_at DESC"), text("id DESC")),
        Index("ix_applications_cv_file_id", "cv_file_id", postgresql_where=text("cv_file_id IS NOT NULL")),
        Index("ix_applications_candidate", "candidate_id", text("applied_at DESC"), text("id DESC")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="RESTRICT"))
    resume_id: Mapped[int | None] = mapped_column(ForeignKey("resumes.id", ondelete="SET NULL"), index=True)
    cv_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id", ondelete="SET NULL"))
    cover_letter: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[ApplicationStatus] = mapped_column(db.String(24), default=ApplicationStatus.PENDING, server_default="PENDING")
    note: Mapped[str] = mapped_column(default="", server_default="")
    applied_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, onupdate=now, server_default=func.now())

    candidate: Mapped[User] = relationship()
    job: Mapped[Job | None] = relationship()
    company: Mapped[Company] = relationship()
    resume: Mapped[Resume | None] = relationship()
    stored_cv: Mapped[StoredFile | None] = relationship()
    interview: Mapped["Interview | None"] = relationship(back_populates="application")


file_purge.declare("cvs", Application.cv_file_id)


class ApplicantWords(Model):
    """The words by which a recruiter finds an application: the candidate's name, and the résumé that was sent.

    Triggers keep it in step with applications, résumés and names, so that no change can pass it by. It goes with the application.
    """

    __tablename__ = "applicant_words"
    __table_args__ = (Index("ix_applicant_words_words", "words", postgresql_using="gin"),)

    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    words: Mapped[str | None] = mapped_column(TSVECTOR)


class ApplicationEvent(Model):
    """One change of an application's status: who, from, to, when."""

    __tablename__ = "application_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)
    from_status: Mapped[ApplicationStatus | None] = mapped_column(db.String(24))
    to_status: Mapped[ApplicationStatus] = mapped_column(db.String(24))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())

    application: Mapped[Application] = relationship()
    actor: Mapped[User | None] = relationship()


class Interview(Model):
    """The interview of an application. `uid` and `sequence` identify it in calendars (RFC 5545)."""

    __tablename__ = "interviews"
    __table_args__ = (
        CheckConstraint("duration_minutes BETWEEN 15 AND 480", name="duration"),
        Index("ix_interviews_upcoming", "interview_date", postgresql_where=text("status = 'SCHEDULED' AND reminded_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), unique=True)
    interview_date: Mapped[datetime] = mapped_column(db.DateTime(timezone=True))
    duration_minutes: Mapped[int] = mapped_column(default=60, server_default="60")
    location: Mapped[str] = mapped_column(default="", server_default="")
    meeting_link: Mapped[str | None]
    interviewer: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[InterviewStatus] = mapped_column(db.String(12), default=InterviewStatus.SCHEDULED, server_default="SCHEDULED")
    uid: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4)
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    reminded_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, onupdate=now, server_default=func.now())

    application: Mapped[Application] = relationship(back_populates="interview")
