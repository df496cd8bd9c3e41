"""The employer."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core import file_purge
from app.core.clock import now
from app.core.storage import StoredFile
from app.core.text import slugify
from app.extensions import Model, db


class Company(Model):
    """An employer, owned by one recruiter. Deleting is soft; the name is unique among live companies whatever its case."""

    __tablename__ = "companies"
    __table_args__ = (
        Index("uq_companies_live_name", func.lower(text("name")), unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index("ix_companies_logo_id", "logo_id", postgresql_where=text("logo_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str]
    logo_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id", ondelete="SET NULL"))
    website: Mapped[str | None]
    description: Mapped[str] = mapped_column(default="", server_default="")
    industry: Mapped[str] = mapped_column(default="", server_default="")
    company_size: Mapped[str] = mapped_column(default="", server_default="")
    location: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, onupdate=now, server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))

    owner: Mapped[User] = relationship()
    logo_file: Mapped[StoredFile | None] = relationship()

    @property
    def slug(self) -> str:
        """Readable address part that ends in the id."""
        return f"{slugify(self.name)}-{self.id}"

    @property
    def logo(self) -> str | None:
        """Where the picture is served, or None."""
        return f"/api/v1/media/logo/{self.logo_id}/" if self.logo_id else None

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


file_purge.declare("logos", Company.logo_id)
