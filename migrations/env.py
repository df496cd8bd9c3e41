"""Alembic's entry: `flask --app wsgi db upgrade` runs it inside the application."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.sql.schema import SchemaItem

db = current_app.extensions["migrate"].db


def include_object(item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: SchemaItem | None) -> bool:
    """Leave partitions alone: autogenerate would propose to drop every month of messages."""
    return not (kind == "table" and reflected and compare_to is None and "_p20" in (name or ""))


def migrate() -> None:
    """Run the migrations in one transaction each, waiting for locks only briefly."""
    options: dict[str, Any] = {"include_object": include_object, "transaction_per_migration": True, "compare_type": True}
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadatas[None], **options)
        with context.begin_transaction():
            context.run_migrations()


migrate()
