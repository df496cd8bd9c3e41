"""What payments need to be trusted: why an event was refused and where it came from, phases of idempotent requests, results of the ledger's checks.

Revision ID: 0010
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

SETTLEMENTS = "name = 'payments.settle' AND (state = 'PENDING' OR state = 'SENT')"


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("phases", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False))
    op.add_column("gateway_events", sa.Column("reason", sa.String(), nullable=True))
    op.add_column("gateway_events", sa.Column("address", postgresql.INET(), nullable=True))
    op.add_column("gateway_events", sa.Column("request_id", sa.String(), nullable=True))
    op.create_index("ix_gateway_events_stray", "gateway_events", ["received_at"], unique=False, postgresql_where=sa.text("transaction_id IS NULL"))
    # The memberships that have ended and still allow something: what the nightly expiry looks for.
    op.create_index("ix_users_unlimited_until", "users", ["membership_expires_at"], unique=False, postgresql_where=sa.text("has_unlimited_posting"))
    # What a settling worker takes along: it must not read the history of all tasks, nor cost the others anything.
    op.create_index("ix_tasks_settlements", "tasks", ["id"], unique=False, postgresql_where=sa.text(SETTLEMENTS))
    op.create_table(
        "ledger_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("differences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_checks")),
    )


def downgrade() -> None:
    op.drop_table("ledger_checks")
    op.drop_index("ix_tasks_settlements", table_name="tasks", postgresql_where=sa.text(SETTLEMENTS))
    op.drop_index("ix_users_unlimited_until", table_name="users", postgresql_where=sa.text("has_unlimited_posting"))
    op.drop_index("ix_gateway_events_stray", table_name="gateway_events", postgresql_where=sa.text("transaction_id IS NULL"))
    op.drop_column("gateway_events", "request_id")
    op.drop_column("gateway_events", "address")
    op.drop_column("gateway_events", "reason")
    op.drop_column("idempotency_keys", "phases")
