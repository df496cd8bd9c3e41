"""Notifications, partitioned by month of `created_at`, and one row a user that counts them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.time_ids import ID_TELLS_TIME
from app.extensions import Model, db


class NotificationType(StrEnum):
    APPLICATION_RECEIVED = "APPLICATION_RECEIVED"
    APPLICATION_STATUS_CHANGED = "APPLICATION_STATUS_CHANGED"
    NEW_MESSAGE = "NEW_MESSAGE"
    JOB_MATCH = "JOB_MATCH"
    INTERVIEW_SCHEDULED = "INTERVIEW_SCHEDULED"
    INTERVIEW_REMINDER = "INTERVIEW_REMINDER"
    PAYMENT_SUCCEEDED = "PAYMENT_SUCCEEDED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    RESUME_READY = "RESUME_READY"


class Level(StrEnum):
    INFO = "INFO"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Notification(Model):
    """One notification. `created_at` is exactly the time in `id`; `is_read` is the row's own mark, see Inbox for read-all."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_user", "user_id", text("created_at DESC"), text("id DESC")),
        CheckConstraint(ID_TELLS_TIME, name="id_tells_time"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[NotificationType] = mapped_column(db.String(32))
    level: Mapped[Level] = mapped_column(db.String(8), default=Level.INFO, server_default="INFO")
    title: Mapped[str]
    message: Mapped[str]
    link: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    is_read: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Inbox(Model):
    """A user's unread count, and the id up to which everything counts as read: reading all is one update."""

    __tablename__ = "inboxes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    unread: Mapped[int] = mapped_column(default=0, server_default="0")
    read_up_to: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
