"""Packages, transactions, gateway events and the ledger; the keys of idempotent requests.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ACCOUNTS = {
    "gateway_receivable": "Money that the payment gateways hold for us",
    "revenue_deferred": "Paid in advance by buyers, not earned yet",
    "revenue": "Earned",
    "refunds": "Given back to buyers",
    "credits_owed": "Posting credits that we owe users",
    "credits_issued": "Posting credits ever handed out, less those taken back",
    "credits_used": "Posting credits spent on postings",
}
APPEND_ONLY = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()
"""
# Checked at commit, when all lines of a group are there.
GROUP_BALANCES = """
CREATE FUNCTION ledger_group_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_entries WHERE group_id = NEW.group_id GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'ledger group % does not sum to zero', NEW.group_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""
ENTRIES_BALANCE = """
CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_group_balances()
"""


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_accounts")),
    )
    op.create_table(
        "ledger_groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_groups")),
        sa.UniqueConstraint("source", "kind", name=op.f("uq_ledger_groups_source_kind")),
    )
    op.create_table(
        "packages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="VND", nullable=False),
        sa.Column("duration_days", sa.Integer(), nullable=False),
        sa.Column("package_type", sa.String(length=16), nullable=False),
        sa.Column("job_posting_limit", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allow_unlimited_posting", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("description", sa.String(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("duration_days >= 0 AND job_posting_limit >= 0", name=op.f("ck_packages_terms_not_negative")),
        sa.CheckConstraint("price > 0", name=op.f("ck_packages_price_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packages")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.Integer(), server_default="1", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recovery_point", sa.String(), server_default="started", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("user_id", "route", "key", name=op.f("uq_idempotency_keys_user_id_route_key")),
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(["account"], ["ledger_accounts.code"], name=op.f("fk_ledger_entries_account_ledger_accounts"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["group_id"], ["ledger_groups.id"], name=op.f("fk_ledger_entries_group_id_ledger_groups"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ledger_entries_user_id_users"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    op.create_index(op.f("ix_ledger_entries_group_id"), "ledger_entries", ["group_id"], unique=False)
    op.create_index("ix_ledger_entries_user_account", "ledger_entries", ["user_id", "account"], unique=False)
    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transaction_code", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=False),
        sa.Column("package", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=12), server_default="PENDING", nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("payment_url", sa.String(), nullable=False),
        sa.Column("gateway_transaction_no", sa.String(), nullable=True),
        sa.Column("refunded_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transactions_amount_positive")),
        sa.CheckConstraint("refunded_amount BETWEEN 0 AND amount", name=op.f("ck_transactions_refund_within_amount")),
        sa.ForeignKeyConstraint(["package_id"], ["packages.id"], name=op.f("fk_transactions_package_id_packages"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_transactions_user_id_users"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("transaction_code", name=op.f("uq_transactions_transaction_code")),
    )
    op.create_index(op.f("ix_transactions_package_id"), "transactions", ["package_id"], unique=False)
    op.create_index("ix_transactions_pending", "transactions", ["expires_at"], unique=False, postgresql_where=sa.text("status = 'PENDING'"))
    op.create_index(
        "ix_transactions_user", "transactions", ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "credit_grants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("credits <> 0", name=op.f("ck_credit_grants_credits_not_zero")),
        sa.ForeignKeyConstraint(["granted_by"], ["users.id"], name=op.f("fk_credit_grants_granted_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_credit_grants_transaction_id_transactions"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_credit_grants_user_id_users"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_grants")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_credit_grants_transaction_id")),
    )
    op.create_index(op.f("ix_credit_grants_user_id"), "credit_grants", ["user_id"], unique=False)
    op.create_table(
        "gateway_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("gateway_transaction_no", sa.String(), server_default="", nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_events")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_gateway_events_provider_event_id")),
    )
    op.create_index(op.f("ix_gateway_events_transaction_id"), "gateway_events", ["transaction_id"], unique=False)
    op.create_index(op.f("ix_gateway_events_verdict"), "gateway_events", ["verdict"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("credits_taken", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("refunded_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount > 0 AND credits_taken >= 0", name=op.f("ck_refunds_amounts")),
        sa.ForeignKeyConstraint(["refunded_by"], ["users.id"], name=op.f("fk_refunds_refunded_by_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_refunds_transaction_id_transactions"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    op.create_index(op.f("ix_refunds_transaction_id"), "refunds", ["transaction_id"], unique=False)
    accounts = sa.table("ledger_accounts", sa.column("code"), sa.column("name"))
    op.bulk_insert(accounts, [{"code": code, "name": name} for code, name in ACCOUNTS.items()])
    for table in ("ledger_groups", "ledger_entries"):
        op.execute(APPEND_ONLY.format(table=table))
    op.execute(GROUP_BALANCES)
    op.execute(ENTRIES_BALANCE)


def downgrade() -> None:
    op.drop_index(op.f("ix_refunds_transaction_id"), table_name="refunds")
    op.drop_table("refunds")
    op.drop_index(op.f("ix_gateway_events_verdict"), table_name="gateway_events")
    op.drop_index(op.f("ix_gateway_events_transaction_id"), table_name="gateway_events")
    op.drop_table("gateway_events")
    op.drop_index(op.f("ix_credit_grants_user_id"), table_name="credit_grants")
    op.drop_table("credit_grants")
    op.drop_index("ix_transactions_user", table_name="transactions")
    op.drop_index("ix_transactions_pending", table_name="transactions", postgresql_where=sa.text("status = 'PENDING'"))
    op.drop_index(op.f("ix_transactions_package_id"), table_name="transactions")
    op.drop_table("transactions")
    op.drop_index("ix_ledger_entries_user_account", table_name="ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_group_id"), table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(op.f("ix_idempotency_keys_expires_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("packages")
    op.drop_table("ledger_groups")
    op.drop_table("ledger_accounts")
    op.execute("DROP FUNCTION ledger_group_balances")
