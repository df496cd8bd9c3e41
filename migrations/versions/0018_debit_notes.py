"""A refund has a credit note and, when the gateway took it back, the debit note that undoes it.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_unique_constraint(op.f("uq_receipts_refund_id_series"), "receipts", ["refund_id", "series"])
    op.drop_constraint("uq_receipts_refund_id", "receipts", type_="unique")


def downgrade() -> None:
    op.create_unique_constraint(op.f("uq_receipts_refund_id"), "receipts", ["refund_id"])
    op.drop_constraint("uq_receipts_refund_id_series", "receipts", type_="unique")
