"""Conversations, their two participants, and messages partitioned by month of `created_at`."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.accounts.models import User
from app.core.clock import now
from app.core.time_ids import ID_TELLS_TIME
from app.extensions import Model, db
from app.jobs.models import Job


class Conversation(Model):
    """Two people and, mostly, a job. The pair is stored sorted, so that a pair has one conversation a job, also without a job."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("low_user_id < high_user_id", name="sorted_pair"),
        Index("uq_conversations_pair", "low_user_id", "high_user_id", "job_id", unique=True, postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    low_user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    high_user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    job_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    last_message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())

    # No foreign key: a purged job must not make two conversations of a pair equal.
    job: Mapped[Job | None] = relationship(primaryjoin=lambda: foreign(Conversation.job_id) == Job.id, viewonly=True)
    participants: Mapped[list["Participant"]] = relationship(back_populates="conversation", order_by="Participant.user_id")


class Participant(Model):
    """One side of a conversation: how much is unread, up to where it was read, whether it is hidden for this person."""

    __tablename__ = "conversation_participants"
    __table_args__ = (
        Index("ix_participants_user", "user_id", text("last_message_id DESC")),
        Index("ix_participants_unread", "user_id", postgresql_where=text("unread > 0")),
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True)
    unread: Mapped[int] = mapped_column(default=0, server_default="0")
    read_up_to: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    last_message_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    hidden_up_to: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    conversation: Mapped[Conversation] = relationship(back_populates="participants")
    user: Mapped[User] = relationship()


class Message(Model):
    """One message. Whether it was read follows from the other participant's `read_up_to`, so that reading changes no message."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation", "conversation_id", text("created_at DESC"), text("id DESC")),
        CheckConstraint(ID_TELLS_TIME, name="id_tells_time"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(BigInteger)
    sender_id: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str]
    attachment_id: Mapped[int | None] = mapped_column(BigInteger)


class Block(Model):
    """One person does not want to hear from another."""

    __tablename__ = "blocks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    blocked_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())

    blocked: Mapped[User] = relationship(foreign_keys=blocked_id)
