"""What the search queue is worked off by, and the results of comparing its indexes with the jobs.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_INDEXES = {"ix_tasks_search_index": "search.index_job", "ix_tasks_search_elastic": "search.index_elastic"}


def upgrade() -> None:
    for index, name in _INDEXES.items():
        waiting = sa.text(f"name = '{name}' AND (state = 'PENDING' OR state = 'SENT')")
        op.create_index(index, "tasks", ["id"], postgresql_where=waiting)
    op.create_table(
        "search_checks",
        sa.Column("engine", sa.String(16), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("outdated", sa.Integer(), nullable=False),
        sa.Column("extra", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("engine", name="pk_search_checks"),
    )


def downgrade() -> None:
    op.drop_table("search_checks")
    for index in _INDEXES:
        op.drop_index(index, table_name="tasks")
