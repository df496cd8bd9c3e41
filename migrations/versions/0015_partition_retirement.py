"""Ids that tell their row's month, held by the database, and months that leave their table.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# The primary key must hold `created_at`, the partition key; where that follows from `id`, no id can be in two months.
ID_TELLS_TIME = "created_at AT TIME ZONE 'UTC' = timestamp '2024-01-01' + (id >> 12) * interval '1 millisecond'"
PARTITIONED = ("messages", "notifications")


def upgrade() -> None:
    for table in PARTITIONED:
        op.create_check_constraint(op.f(f"ck_{table}_id_tells_time"), table, ID_TELLS_TIME)
    op.create_table(
        "retired_partitions",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_retired_partitions"),
    )
    op.create_table(
        "archive_parts",
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partition"], ["retired_partitions.name"], name="fk_archive_parts_partition_retired_partitions", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("partition", "number", name="pk_archive_parts"),
    )


def downgrade() -> None:
    op.drop_table("archive_parts")
    op.drop_table("retired_partitions")
    for table in PARTITIONED:
        op.drop_constraint(f"ck_{table}_id_tells_time", table, type_="check")
