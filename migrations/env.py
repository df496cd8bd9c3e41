"""Alembic's entry: `flask --app wsgi db upgrade` runs it inside the application."""

from collections.abc import Mapping
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import text

from app.core import partitions
from app.core.clock import now
from app.core.unit_of_work import unit_of_work

db = current_app.extensions["migrate"].db


def include_name(name: str | None, kind: str, parents: Mapping[str, Any]) -> bool:
    """Leave partitions alone, attached or on their way out: autogenerate would propose to drop every month of messages."""
    return not (kind == "table" and partitions.is_partition(name or ""))


def migrate() -> None:
    """Run the migrations in one transaction each, waiting for locks only briefly, but as long as an index of a large table takes."""
    options: dict[str, Any] = {"include_name": include_name, "transaction_per_migration": True, "compare_type": True}
    with db.engine.connect() as connection:
        # It has no limit any more, so no pool gets it back.
        connection.detach()
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
        context.configure(connection=connection, target_metadata=db.metadatas[None], **options)
        with context.begin_transaction():
            context.run_migrations()


def make_months() -> None:
    """Every deploy makes the months ahead: a system that stood still for half a year must be able to store its first message."""
    with unit_of_work():
        if db.session.scalar(text("SELECT to_regclass(:last)"), {"last": partitions.PARTITIONED[-1]}) is not None:
            partitions.ensure(now())


migrate()
# Only what changes the schema has a destination; `db check` and `db current` change nothing.
if context.get_context().opts.get("destination_rev") is not None:
    make_months()
