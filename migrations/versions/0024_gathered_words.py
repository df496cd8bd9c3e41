"""Words of changed jobs are gathered before they go into the index, and the relay hears which kind of task has come.

Revision ID: 0024
Revises: 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_INDEXES = ("ix_search_documents_words", "ix_search_documents_headline")
_NOTIFY = """
CREATE OR REPLACE FUNCTION notify_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tasks', {told});
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    for index in _INDEXES:
        op.execute(f"ALTER INDEX {index} SET (fastupdate = on, gin_pending_list_limit = 4096)")
    op.execute(_NOTIFY.format(told="NEW.name"))


def downgrade() -> None:
    op.execute(_NOTIFY.format(told="''"))
    for index in _INDEXES:
        op.execute(f"ALTER INDEX {index} RESET (gin_pending_list_limit)")
        op.execute(f"ALTER INDEX {index} SET (fastupdate = off)")
        # What was gathered would stay where it is.
        op.execute(f"SELECT gin_clean_pending_list('{index}')")
