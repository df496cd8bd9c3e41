"""What a résumé looks like, the sections of JSON Resume that it lacked, and pictures of its pages.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SECTIONS = ("publications", "awards", "volunteer", "interests", "references")


def upgrade() -> None:
    for section in SECTIONS:
        op.add_column("resumes", sa.Column(section, JSONB, server_default=sa.text("'[]'"), nullable=False))
    op.add_column("resumes", sa.Column("imported", JSONB))
    op.add_column("resumes", sa.Column("accent_color", sa.String, server_default="", nullable=False))
    op.add_column("resumes", sa.Column("paper_size", sa.String(8), server_default="A4", nullable=False))
    op.create_table(
        "resume_preview_pages",
        sa.Column("pdf_file_id", sa.BigInteger, sa.ForeignKey("stored_files.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("picture_id", sa.BigInteger, sa.ForeignKey("stored_files.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_resume_preview_pages_picture_id", "resume_preview_pages", ["picture_id"])


def downgrade() -> None:
    op.drop_table("resume_preview_pages")
    for column in ("paper_size", "accent_color", "imported", *reversed(SECTIONS)):
        op.drop_column("resumes", column)
