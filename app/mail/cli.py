"""`flask mail ...`: what came back, and writing to an address again."""

import sys

import click
from flask.cli import AppGroup
from sqlalchemy.exc import InterfaceError, OperationalError

from app.core.unit_of_work import unit_of_work
from app.mail import bounces, reports

mail = AppGroup("mail", help="Mail: delivery reports, and addresses that are not written to.")

# sysexits.h: for a mail server data that makes no sense are refused for good, and what could not be taken just now comes again.
EX_DATAERR = 65
EX_TEMPFAIL = 75


@mail.command("bounce")
def bounce() -> None:
    """Read one delivery report from standard input, as a mail server pipes it to the alias of MAIL_FROM (docs/mail.md)."""
    try:
        with unit_of_work():
            noted = reports.take(sys.stdin.buffer.read(reports.LARGEST))
    except reports.NotAReport as error:
        click.echo(str(error), err=True)
        raise SystemExit(EX_DATAERR) from error
    except (OperationalError, InterfaceError) as error:
        click.echo(f"The database is away: {error.orig}", err=True)
        raise SystemExit(EX_TEMPFAIL) from error
    for address in noted:
        click.echo(f"noted: {address}")
    if not noted:
        click.echo("Nothing to note: no mail of ours, or no lasting failure.")


@mail.command("bounces")
@click.option("--limit", default=50, show_default=True)
def list_bounces(limit: int) -> None:
    """The addresses that are not written to, the latest first."""
    for found in bounces.recent(limit):
        click.echo(f"{found.noted_at:%Y-%m-%d %H:%M}  {found.source:<6}  {found.address:<40}  {found.reason}")
    click.echo(f"{bounces.count()} address(es) in all.")


@mail.command("forgive")
@click.argument("address")
def forgive(address: str) -> None:
    """Write to an address again."""
    with unit_of_work():
        was_noted = bounces.clear(address)
    if not was_noted:
        raise click.ClickException(f"{address} is not noted.")
    click.echo(f"{address} is written to again.")
