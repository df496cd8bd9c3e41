"""Several gateways: how their orders and refunds stand, their statements, and the differences that people work on.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("transactions", sa.Column("gateway_reference", sa.String(), nullable=True))
    op.add_column("transactions", sa.Column("queried_at", MOMENT, nullable=True))
    op.add_column("transactions", sa.Column("answered_at", MOMENT, nullable=True))
    op.create_index("ix_transactions_unanswered", "transactions", ["queried_at"], postgresql_where=sa.text("status IN ('PENDING', 'EXPIRED')"))
    op.add_column("gateway_events", sa.Column("body", sa.String(), nullable=True))
    _refunds()
    _statements()
    _differences()


def _refunds() -> None:
    # The refunds so far were made in the gateway's own portal before they were booked: they are done.
    op.add_column("refunds", sa.Column("status", sa.String(length=12), server_default="DONE", nullable=False))
    op.alter_column("refunds", "status", server_default="REQUESTED")
    op.add_column("refunds", sa.Column("membership_taken", sa.Interval(), server_default="0", nullable=False))
    op.add_column("refunds", sa.Column("unlimited_taken", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("refunds", sa.Column("gateway_reference", sa.String(), nullable=True))
    op.add_column("refunds", sa.Column("refusal", sa.String(), nullable=True))
    op.add_column("refunds", sa.Column("first_called_at", MOMENT, nullable=True))
    op.add_column("refunds", sa.Column("answered_at", MOMENT, nullable=True))
    known = sa.text("gateway_reference IS NOT NULL")
    op.create_index("ix_refunds_gateway_reference", "refunds", ["gateway_reference"], postgresql_where=known)


def _statements() -> None:
    op.create_table(
        "gateway_statements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("imported_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_statements")),
        sa.UniqueConstraint("provider", "digest", name=op.f("uq_gateway_statements_provider_digest")),
    )
    op.create_table(
        "gateway_statement_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("order_code", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_gateway_statement_lines_amount_positive")),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["gateway_statements.id"],
            name=op.f("fk_gateway_statement_lines_statement_id_gateway_statements"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_statement_lines")),
        sa.UniqueConstraint("provider", "kind", "number", name=op.f("uq_gateway_statement_lines_provider_kind_number")),
    )
    op.create_index("ix_gateway_statement_lines_order", "gateway_statement_lines", ["provider", "order_code"])
    op.create_index(op.f("ix_gateway_statement_lines_statement_id"), "gateway_statement_lines", ["statement_id"])


def _differences() -> None:
    op.create_table(
        "payment_differences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_payment_differences_transaction_id_transactions"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_differences")),
        sa.UniqueConstraint("fact", name=op.f("uq_payment_differences_fact")),
    )
    op.create_index(op.f("ix_payment_differences_transaction_id"), "payment_differences", ["transaction_id"])
    op.create_index("ix_payment_differences_open", "payment_differences", ["id"], postgresql_where=sa.text("resolved_at IS NULL"))


def downgrade() -> None:
    for table in ("payment_differences", "gateway_statement_lines", "gateway_statements"):
        op.drop_table(table)
    op.drop_index("ix_refunds_gateway_reference", table_name="refunds")
    for column in ("answered_at", "first_called_at", "refusal", "gateway_reference", "unlimited_taken", "membership_taken", "status"):
        op.drop_column("refunds", column)
    op.drop_column("gateway_events", "body")
    op.drop_index("ix_transactions_unanswered", table_name="transactions")
    for column in ("answered_at", "queried_at", "gateway_reference"):
        op.drop_column("transactions", column)
