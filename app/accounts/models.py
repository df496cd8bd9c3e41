"""Users, sign-ins (a family of refresh tokens), and the audit log."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import file_purge
from app.core.auth import Role
from app.core.clock import now
from app.core.storage import StoredFile
from app.extensions import Model, db


class User(Model):
    """A person. E-mail addresses are stored in lower case. A recruiter is inactive until `approved_at`."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", func.lower(db.literal_column("email")), unique=True),
        Index("ix_users_avatar_id", "avatar_id", postgresql_where=text("avatar_id IS NOT NULL")),
        Index("ix_users_unlimited_until", "membership_expires_at", postgresql_where=text("has_unlimited_posting")),
        CheckConstraint("job_posting_credits >= 0", name="credits_not_negative"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str]
    password_hash: Mapped[str]
    full_name: Mapped[str]
    user_type: Mapped[Role] = mapped_column(db.String(16))
    phone_number: Mapped[str | None]
    avatar_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id", ondelete="SET NULL", use_alter=True))
    is_active: Mapped[bool] = mapped_column(default=True)
    is_verified: Mapped[bool] = mapped_column(default=False)
    approved_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    desired_job_title: Mapped[str | None]
    desired_location: Mapped[str | None]
    job_alerts_enabled: Mapped[bool] = mapped_column(default=False)
    job_posting_credits: Mapped[int] = mapped_column(default=0)
    membership_expires_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    has_unlimited_posting: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, onupdate=now, server_default=func.now())

    avatar_file: Mapped[StoredFile | None] = relationship(foreign_keys=[avatar_id], lazy="joined")

    @property
    def avatar(self) -> str | None:
        """Where the picture is served, or None."""
        return f"/api/v1/media/avatar/{self.avatar_id}/" if self.avatar_id else None

    @property
    def is_pending(self) -> bool:
        """A recruiter whom no admin has approved yet."""
        return self.user_type == Role.RECRUITER and self.approved_at is None


file_purge.declare("avatars", User.avatar_id)


class TokenFamily(Model):
    """One sign-in: every access and refresh token that descends from it dies with it."""

    __tablename__ = "token_families"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    revoked_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))


class RefreshToken(Model):
    """A single-use refresh token, kept as the SHA-256 of its text."""

    __tablename__ = "refresh_tokens"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    family_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("token_families.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), index=True)
    used_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))


class AuditEntry(Model):
    """Who changed a role, an account or money: append-only, enforced by a trigger."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    action: Mapped[str] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_type: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    address: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]
