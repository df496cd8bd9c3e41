"""When a task was claimed, and indexes by which the pdf queue is counted and measured; when a PDF was last handed out.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WAITING = "split_part(name, '.', 1) = 'pdf' AND (state = 'PENDING' OR state = 'SENT')"
DONE = "split_part(name, '.', 1) = 'pdf' AND state = 'DONE' AND claimed_at IS NOT NULL"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("claimed_at", sa.DateTime(timezone=True)))
    op.create_index("ix_tasks_pdf_waiting", "tasks", ["run_after", "id"], postgresql_include=["name"], postgresql_where=sa.text(WAITING))
    newest_first = ["name", sa.literal_column("finished_at DESC")]
    op.create_index("ix_tasks_pdf_done", "tasks", newest_first, postgresql_include=["claimed_at"], postgresql_where=sa.text(DONE))
    op.add_column("resumes", sa.Column("pdf_used_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("resumes", "pdf_used_at")
    op.drop_index("ix_tasks_pdf_done", "tasks")
    op.drop_index("ix_tasks_pdf_waiting", "tasks")
    op.drop_column("tasks", "claimed_at")
