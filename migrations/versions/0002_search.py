"""The searchable copy of each job, the words that correct typing, and what lists of jobs need.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# As the text pipeline folds Latin text: decomposed, without marks, đ as d, words of a-z and 0-9 with one blank on either side.
FOLD_WORDS = r"""
CREATE FUNCTION fold_words(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ' ' || btrim(regexp_replace(
    lower(translate(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g'), 'đĐ', 'dD')), '[^a-z0-9]+', ' ', 'g'
)) || ' '
"""
# Lists filter and count in the index alone: the rows of jobs are wide.
LISTED = [
    "deadline", "company_id", "title", "location_folded", "job_type", "experience_level", "salary_min", "salary_max", "currency", "is_remote",
]  # fmt: skip
PUBLIC = "status = 'OPEN' AND deleted_at IS NULL"
NEWEST_FIRST = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]


def upgrade() -> None:
    op.execute(FOLD_WORDS)
    op.add_column("jobs", sa.Column("location_folded", sa.String(), sa.Computed("fold_words(location)", persisted=True), nullable=False))
    op.drop_index("ix_jobs_public", table_name="jobs")
    op.create_index("ix_jobs_public", "jobs", NEWEST_FIRST, postgresql_where=sa.text(PUBLIC), postgresql_include=LISTED)
    _create_documents()
    op.create_table(
        "search_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("variants", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_words")),
    )
    op.create_index("ix_search_words_variants", "search_words", ["variants"], postgresql_using="gin")


def _create_documents() -> None:
    op.create_table(
        "search_documents",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("headline", postgresql.TSVECTOR(), nullable=True),
        sa.Column("words", postgresql.TSVECTOR(), nullable=True),
        sa.Column("exact", postgresql.TSVECTOR(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("location_folded", sa.String(), nullable=True),
        sa.Column("job_type", sa.String(length=16), nullable=True),
        sa.Column("experience_level", sa.String(length=16), nullable=True),
        sa.Column("salary_min", sa.BigInteger(), nullable=True),
        sa.Column("salary_max", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("is_remote", sa.Boolean(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_search_documents")),
    )
    # Counting and first ranking visit many rows: what they do not read is kept out of line, the short headline beside the facts.
    op.execute("ALTER TABLE search_documents SET (toast_tuple_target = 128)")
    op.execute("ALTER TABLE search_documents ALTER COLUMN headline SET STORAGE MAIN, ALTER COLUMN title SET STORAGE MAIN")
    op.execute("ALTER TABLE search_documents ALTER COLUMN location SET STORAGE MAIN, ALTER COLUMN location_folded SET STORAGE MAIN")
    op.create_index("ix_search_documents_words", "search_documents", ["words"], postgresql_using="gin", postgresql_with={"fastupdate": "off"})
    newest = [sa.literal_column("created_at DESC"), sa.literal_column("job_id DESC")]
    op.create_index("ix_search_documents_newest", "search_documents", newest, postgresql_where=sa.text("NOT is_deleted"))


def downgrade() -> None:
    op.drop_table("search_words")
    op.drop_table("search_documents")
    op.drop_index("ix_jobs_public", table_name="jobs")
    op.create_index("ix_jobs_public", "jobs", NEWEST_FIRST, postgresql_where=sa.text(PUBLIC))
    op.drop_column("jobs", "location_folded")
    op.execute("DROP FUNCTION fold_words(text)")
