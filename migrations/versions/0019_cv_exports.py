"""Exports of a job's CVs, and their parts.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cv_exports",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("job_id", sa.BigInteger, sa.ForeignKey("jobs.id", ondelete="SET NULL")),
        sa.Column("company_id", sa.BigInteger, sa.ForeignKey("companies.id", ondelete="CASCADE"), nullable=False),
        sa.Column("requested_by", sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("task_id", sa.BigInteger),
        sa.Column("last_application_id", sa.BigInteger, nullable=False),
        sa.Column("done_up_to", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("handled", sa.Integer, server_default="0", nullable=False),
        sa.Column("size", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )
    under_way = sa.text("finished_at IS NULL")
    op.create_index("uq_cv_exports_under_way", "cv_exports", ["requested_by", "job_id"], unique=True, postgresql_where=under_way)
    op.create_index("ix_cv_exports_job_id", "cv_exports", ["job_id"])
    op.create_index("ix_cv_exports_created_at", "cv_exports", ["created_at"])
    op.create_table(
        "cv_export_parts",
        sa.Column("export_id", sa.BigInteger, sa.ForeignKey("cv_exports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("file_id", sa.BigInteger, sa.ForeignKey("stored_files.id", ondelete="CASCADE"), nullable=False),
        sa.Column("entries", JSONB, nullable=False),
        sa.Column("lines", JSONB, nullable=False),
    )
    op.create_index("ix_cv_export_parts_file_id", "cv_export_parts", ["file_id"])


def downgrade() -> None:
    op.drop_table("cv_export_parts")
    op.drop_table("cv_exports")
