"""A ledger group is closed with the transaction that made it: no line is added to it later, not even a balanced pair.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

GROUP_BALANCES = """
CREATE OR REPLACE FUNCTION ledger_group_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_entries WHERE group_id = NEW.group_id GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'ledger group % does not sum to zero', NEW.group_id USING ERRCODE = 'check_violation';
    END IF;{}
    RETURN NULL;
END $$
"""
IS_CLOSED = """
    IF NOT EXISTS (SELECT 1 FROM ledger_groups WHERE id = NEW.group_id AND made_in = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'ledger group % is closed', NEW.group_id USING ERRCODE = 'check_violation';
    END IF;"""


def upgrade() -> None:
    # Groups from before have none, and no transaction is theirs.
    op.add_column("ledger_groups", sa.Column("made_in", sa.BigInteger(), nullable=True))
    op.alter_column("ledger_groups", "made_in", server_default=sa.text("pg_current_xact_id()::text::bigint"))
    op.execute(GROUP_BALANCES.format(IS_CLOSED))


def downgrade() -> None:
    op.execute(GROUP_BALANCES.format(""))
    op.drop_column("ledger_groups", "made_in")
