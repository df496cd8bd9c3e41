"""An index on the headlines of search documents, and suggestions. What was indexed before lacks its pairs of words: run `flask search rebuild`.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As for the whole text: without a list of pending entries, no search pays for the writes of others.
    op.create_index("ix_search_documents_headline", "search_documents", ["headline"], postgresql_using="gin", postgresql_with={"fastupdate": "off"})
    op.create_table(
        "search_suggestions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("job_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_suggestions"),
        sa.UniqueConstraint("kind", "folded", name="uq_search_suggestions_kind_folded"),
    )
    op.create_table(
        "search_prefixes",
        sa.Column("prefix", sa.Text(collation="C"), nullable=False),
        sa.Column("suggestion_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_search_prefixes"),
    )


def downgrade() -> None:
    op.drop_table("search_prefixes")
    op.drop_table("search_suggestions")
    op.drop_index("ix_search_documents_headline", table_name="search_documents")
