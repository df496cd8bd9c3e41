"""The next order to ask a gateway for is found among those that expired lately, not among all that ever did.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_transactions_expired", "transactions", ["expires_at"], postgresql_where=sa.text("status = 'EXPIRED'"))
    op.drop_index("ix_transactions_unanswered", "transactions")


def downgrade() -> None:
    op.create_index("ix_transactions_unanswered", "transactions", ["queried_at"], postgresql_where=sa.text("status IN ('PENDING', 'EXPIRED')"))
    op.drop_index("ix_transactions_expired", "transactions")
