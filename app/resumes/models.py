"""The résumé as its owner wrote it, and the state of its PDF."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import file_purge
from app.core.clock import now
from app.core.storage import StoredFile
from app.extensions import Model, db

PHOTO_FOLDER, PDF_FOLDER, PREVIEW_FOLDER = "resume-photos", "resume-pdfs", "resume-previews"

Rows = list[dict[str, Any]]


class PdfStatus(StrEnum):
    NONE = "NONE"
    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"


class PaperSize(StrEnum):
    A4 = "A4"
    LETTER = "LETTER"


class Resume(Model):
    """A résumé. `pdf_hash` is the content hash of the stored PDF; `pdf_task_id` the render under way;
    `pdf_used_at` is when the PDF was last handed out, to the minute.

    `accent_color` is `#rrggbb`, or empty for the theme's own; `imported` is what was taken of the JSON Resume document that it was made of.
    Deleting is soft: a recruiter who received it in an application keeps it.
    """

    __tablename__ = "resumes"
    __table_args__ = (
        Index("uq_resumes_primary", "user_id", unique=True, postgresql_where=text("is_primary AND deleted_at IS NULL")),
        Index("ix_resumes_user_id", "user_id"),
        Index("ix_resumes_photo_id", "photo_id", postgresql_where=text("photo_id IS NOT NULL")),
        Index("ix_resumes_pdf_file_id", "pdf_file_id", postgresql_where=text("pdf_file_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str]
    full_name: Mapped[str] = mapped_column(default="", server_default="")
    email: Mapped[str] = mapped_column(default="", server_default="")
    phone: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str] = mapped_column(default="", server_default="")
    summary: Mapped[str] = mapped_column(default="", server_default="")
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id", ondelete="SET NULL"))
    skill_items: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    experience: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    education: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    certifications: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    languages: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    projects: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    links: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    publications: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    awards: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    volunteer: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    interests: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    references: Mapped[Rows] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    imported: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_primary: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    theme: Mapped[str] = mapped_column(default="classic", server_default="classic")
    accent_color: Mapped[str] = mapped_column(default="", server_default="")
    paper_size: Mapped[PaperSize] = mapped_column(db.String(8), default=PaperSize.A4, server_default="A4")
    pdf_status: Mapped[PdfStatus] = mapped_column(db.String(12), default=PdfStatus.NONE, server_default="NONE")
    pdf_generated_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    pdf_used_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    pdf_hash: Mapped[str | None]
    pdf_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id", ondelete="SET NULL"))
    pdf_task_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))

    photo_file: Mapped[StoredFile | None] = relationship(foreign_keys=[photo_id])
    pdf_file: Mapped[StoredFile | None] = relationship(foreign_keys=[pdf_file_id])

    @property
    def photo(self) -> str | None:
        """Where the owner fetches the picture, or None."""
        return f"/api/v1/resumes/{self.id}/photo/" if self.photo_id else None

    @property
    def skills(self) -> list[str]:
        """The skills' names alone."""
        return [str(item["name"]) for item in self.skill_items]


class PreviewPage(Model):
    """A page of a PDF as a picture; `number` counts from 1. It goes with the PDF's file."""

    __tablename__ = "resume_preview_pages"
    __table_args__ = (Index("ix_resume_preview_pages_picture_id", "picture_id"),)

    pdf_file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id", ondelete="CASCADE"))

    picture: Mapped[StoredFile] = relationship(foreign_keys=[picture_id])


file_purge.declare(PHOTO_FOLDER, Resume.photo_id)
file_purge.declare(PDF_FOLDER, Resume.pdf_file_id)
file_purge.declare(PREVIEW_FOLDER, PreviewPage.picture_id)
