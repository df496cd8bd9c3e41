"""Conversations, messages and notifications, the last two partitioned by month.

Revision ID: 0004
Revises: 0003
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.partitions import MONTHS_AHEAD, Month, ddl

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Milliseconds since 2024 and twelve bits of a sequence: ids below 2**53 that tell their time.
NEW_TIME_ID = """
CREATE FUNCTION new_time_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT ((extract(epoch FROM clock_timestamp() - timestamptz '2024-01-01 00:00:00+00') * 1000)::bigint << 12)
        | (nextval('time_id_sequence') & 4095)
$$
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE time_id_sequence")
    op.execute(NEW_TIME_ID)
    _conversations()
    _partitioned_tables()
    _preferences()


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("low_user_id", sa.BigInteger(), nullable=False),
        sa.Column("high_user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger()),
        sa.Column("last_message_id", sa.BigInteger()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("low_user_id < high_user_id", name=op.f("ck_conversations_sorted_pair")),
        sa.ForeignKeyConstraint(["low_user_id"], ["users.id"], name="fk_conversations_low_user_id_users", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["high_user_id"], ["users.id"], name="fk_conversations_high_user_id_users", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_job_id", "conversations", ["job_id"])
    pair = ["low_user_id", "high_user_id", "job_id"]
    op.create_index("uq_conversations_pair", "conversations", pair, unique=True, postgresql_nulls_not_distinct=True)
    op.create_table(
        "conversation_participants",
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("unread", sa.Integer(), server_default="0", nullable=False),
        sa.Column("read_up_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_message_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hidden_up_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_conversation_participants_conversation_id_conversations", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_conversation_participants_user_id_users", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name="pk_conversation_participants"),
    )
    op.create_index("ix_participants_user", "conversation_participants", ["user_id", sa.text("last_message_id DESC")])
    op.create_index("ix_participants_unread", "conversation_participants", ["user_id"], postgresql_where=sa.text("unread > 0"))


def _partitioned_tables() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("attachment_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", "created_at", name="pk_messages"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("ix_messages_conversation", "messages", ["conversation_id", sa.text("created_at DESC"), sa.text("id DESC")])
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("level", sa.String(8), server_default="INFO", nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("link", sa.String()),
        sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_read", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", "created_at", name="pk_notifications"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("ix_notifications_user", "notifications", ["user_id", sa.text("created_at DESC"), sa.text("id DESC")])
    for table in ("messages", "notifications"):
        for statement in ddl(table, Month.of(datetime.now(UTC)), MONTHS_AHEAD + 1):
            op.execute(statement)


def _preferences() -> None:
    op.create_table(
        "inboxes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("unread", sa.Integer(), server_default="0", nullable=False),
        sa.Column("read_up_to", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_inboxes_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="pk_inboxes"),
    )
    op.create_table(
        "blocks",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("blocked_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_blocks_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blocked_id"], ["users.id"], name="fk_blocks_blocked_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "blocked_id", name="pk_blocks"),
    )


def downgrade() -> None:
    for table in ("blocks", "inboxes", "notifications", "messages", "conversation_participants", "conversations"):
        op.drop_table(table)
    op.execute("DROP FUNCTION new_time_id()")
    op.execute("DROP SEQUENCE time_id_sequence")
