"""Indexes on what refers to stored files, so that removing a file does not read whole tables.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFERENCES = (
    ("users", "avatar_id"),
    ("companies", "logo_id"),
    ("resumes", "photo_id"),
    ("resumes", "pdf_file_id"),
    ("applications", "cv_file_id"),
)


def upgrade() -> None:
    for table, column in REFERENCES:
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))


def downgrade() -> None:
    for table, column in reversed(REFERENCES):
        op.drop_index(f"ix_{table}_{column}", table)
