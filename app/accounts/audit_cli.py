"""`flask audit list`: reading who changed what; nothing writes the log but the changes themselves, and nothing removes from it."""

import json

import click
from flask.cli import AppGroup
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.extensions import db

audit = AppGroup("audit", help="Who changed money, roles and accounts.")


@audit.command("list")
@click.option("--subject", help="Only this row, such as user:3 or transaction:12.")
@click.option("--actor", type=int, help="Only what the user of this id did.")
@click.option("--action", help="Only this action, such as credits.granted.")
@click.option("--limit", default=50, show_default=True)
def list_entries(subject: str | None, actor: int | None, action: str | None, limit: int) -> None:
    """The newest entries: when, who (0: the system or a command), from where, in which request, what, to which row."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if subject:
        kind, _, number = subject.partition(":")
        if not number.isdecimal():
            raise click.UsageError("Write --subject as KIND:ID.")
        query = query.where(AuditEntry.subject_type == kind, AuditEntry.subject_id == int(number))
    if actor is not None:
        query = query.where(AuditEntry.actor_id == actor)
    if action:
        query = query.where(AuditEntry.action == action)
    for entry in db.session.scalars(query):
        place = f"{entry.address or '-'!s:<15}  {entry.request_id or '-':<32}"
        what = f"{entry.action:<20}  {entry.subject_type}:{entry.subject_id}"
        data = json.dumps(entry.data, ensure_ascii=False, sort_keys=True)
        click.echo(f"{entry.created_at:%Y-%m-%d %H:%M:%S}  {entry.actor_id or 0:>8}  {place}  {what}  {data}")
