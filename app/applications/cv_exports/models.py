"""An export under way or finished, and its parts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import file_purge
from app.core.storage import StoredFile
from app.extensions import Model, db

FOLDER = "cv-exports"


class CvExport(Model):
    """`handled` of `total` applications are in its parts, up to `done_up_to` of those up to `last_application_id`; `size` is bytes so far."""

    __tablename__ = "cv_exports"
    __table_args__ = (
        Index("uq_cv_exports_under_way", "requested_by", "job_id", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index("ix_cv_exports_job_id", "job_id"),
        Index("ix_cv_exports_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    requested_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str]
    task_id: Mapped[int | None] = mapped_column(BigInteger)
    last_application_id: Mapped[int] = mapped_column(BigInteger)
    done_up_to: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    total: Mapped[int]
    handled: Mapped[int] = mapped_column(default=0, server_default="0")
    size: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))

    parts: Mapped[list["CvExportPart"]] = relationship(order_by="CvExportPart.number", passive_deletes="all")


class CvExportPart(Model):
    """A part of the archive; `entries` are its files as the archive's directory lists them, `lines` what the manifest says of them."""

    __tablename__ = "cv_export_parts"
    __table_args__ = (Index("ix_cv_export_parts_file_id", "file_id"),)

    export_id: Mapped[int] = mapped_column(ForeignKey("cv_exports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id", ondelete="CASCADE"))
    entries: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    file: Mapped[StoredFile] = relationship()


file_purge.declare(FOLDER, CvExportPart.file_id)
