"""The sequence that counts the epochs of the cache.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE cache_epoch")
    # Until its first call a sequence shows a last value that was never handed out.
    op.execute("SELECT nextval('cache_epoch')")


def downgrade() -> None:
    op.execute("DROP SEQUENCE cache_epoch")
