"""Job alerts, and addresses that mail comes back from.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("ix_jobs_opened", "jobs", ["published_at"], postgresql_where=sa.text("status = 'OPEN' AND deleted_at IS NULL"))
    op.create_table(
        "mail_bounces",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_mail_bounces"),
    )
    _create_searches()
    _create_editions()


def _create_searches() -> None:
    op.create_table(
        "alert_searches",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("criteria", JSONB(), nullable=False),
        sa.Column("matched_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_searches"),
        sa.UniqueConstraint("fingerprint", name="uq_alert_searches_fingerprint"),
    )
    op.create_table(
        "job_alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("search_id", sa.BigInteger(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("filters", JSONB(), nullable=False),
        sa.Column("frequency", sa.String(8), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_job_alerts_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["search_id"], ["alert_searches.id"], name="fk_job_alerts_search_id_alert_searches"),
        sa.PrimaryKeyConstraint("id", name="pk_job_alerts"),
        sa.UniqueConstraint("user_id", "search_id", name="uq_job_alerts_user_id_search_id"),
    )
    op.create_index("ix_job_alerts_search_id", "job_alerts", ["search_id"])
    op.create_table(
        "alert_matches",
        sa.Column("search_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["alert_searches.id"], name="fk_alert_matches_search_id_alert_searches", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "job_id", name="pk_alert_matches"),
    )
    op.create_index("ix_alert_matches_day", "alert_matches", ["day"])


def _create_editions() -> None:
    counters = [sa.Column(name, sa.Integer(), nullable=False) for name in ("searches", "searches_done", "people", "people_done", "digests")]
    totals = [sa.Column(name, sa.BigInteger(), nullable=False) for name in ("last_search_id", "last_user_id", "matches", "jobs_sent")]
    op.create_table(
        "alert_editions",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cutoff", TIME, nullable=False),
        sa.Column("weekly_after", sa.Date(), nullable=True),
        *counters,
        *totals,
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("matched_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("day", name="pk_alert_editions"),
    )
    for name, column in (("alert_digests", "found"), ("alert_sent", "job_id")):
        key = ["user_id", "day"] if name == "alert_digests" else ["user_id", "job_id"]
        kind = sa.Integer() if column == "found" else sa.BigInteger()
        op.create_table(
            name,
            sa.Column("user_id", sa.BigInteger(), nullable=False),
            sa.Column(column, kind, nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{name}_user_id_users", ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        )
        op.create_index(f"ix_{name}_day", name, ["day"])


def downgrade() -> None:
    for name in ("alert_sent", "alert_digests", "alert_editions", "alert_matches", "job_alerts", "alert_searches", "mail_bounces"):
        op.drop_table(name)
    op.drop_index("ix_jobs_opened", "jobs")
