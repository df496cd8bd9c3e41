"""Searches without a text, or with exclusions alone, read the index of the newest and not the documents.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_search_documents_newest", "search_documents"
_NEWEST_FIRST = [sa.literal_column("created_at DESC"), sa.literal_column("job_id DESC")]
_LIVE = sa.text("NOT is_deleted")
_FACTS = [
    "deadline", "company_id", "location", "location_folded", "job_type", "experience_level", "salary_min", "salary_max", "currency", "is_remote",
]  # fmt: skip


def upgrade() -> None:
    op.drop_index(_INDEX, _TABLE)
    op.create_index(_INDEX, _TABLE, _NEWEST_FIRST, postgresql_where=_LIVE, postgresql_include=_FACTS)


def downgrade() -> None:
    op.drop_index(_INDEX, _TABLE)
    op.create_index(_INDEX, _TABLE, _NEWEST_FIRST, postgresql_where=_LIVE)
