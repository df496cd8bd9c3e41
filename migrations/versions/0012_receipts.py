"""Receipts and credit notes, numbered without gaps.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What was issued stays as it was issued; only the printed file comes later and may be replaced.
AS_ISSUED = """
CREATE TRIGGER receipts_as_issued
BEFORE DELETE OR TRUNCATE OR UPDATE OF id, series, year, serial, transaction_id, refund_id, content, issued_at ON receipts
FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()
"""


def upgrade() -> None:
    op.create_table(
        "receipt_counters",
        sa.Column("series", sa.String(length=16), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_receipt_counters")),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("series", sa.String(length=16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("serial > 0", name=op.f("ck_receipts_serial_positive")),
        sa.CheckConstraint("(series = 'RECEIPT') = (refund_id IS NULL)", name=op.f("ck_receipts_series_fits")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_receipts_file_id_stored_files"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_receipts_refund_id_refunds"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_receipts_transaction_id_transactions"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_receipts_refund_id")),
        sa.UniqueConstraint("series", "year", "serial", name=op.f("uq_receipts_series_year_serial")),
    )
    op.create_index("uq_receipts_transaction", "receipts", ["transaction_id"], unique=True, postgresql_where=sa.text("refund_id IS NULL"))
    op.create_index("ix_receipts_transaction_id", "receipts", ["transaction_id"], unique=False)
    op.create_index("ix_receipts_file_id", "receipts", ["file_id"], unique=False, postgresql_where=sa.text("file_id IS NOT NULL"))
    op.execute(AS_ISSUED)


def downgrade() -> None:
    op.drop_table("receipts")
    op.drop_table("receipt_counters")
