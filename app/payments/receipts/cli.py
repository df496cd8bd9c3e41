"""`flask receipts ...`: operators' commands on receipts, credit notes and debit notes."""

import click
from flask.cli import AppGroup

from app.core.unit_of_work import unit_of_work
from app.payments.receipts import upkeep

receipts = AppGroup("receipts", help="Receipts, credit notes and debit notes.")


@receipts.command("check")
def check() -> None:
    """Prove that no number is missing; exits with 1 and a line per series and year when one is."""
    faults = upkeep.find_faults()
    for fault in faults:
        click.echo(fault)
    if faults:
        raise click.ClickException(f"{len(faults)} series with a gap.")
    click.echo("No number is missing.")


@receipts.command("make-missing")
def make_missing() -> None:
    """Ask for every receipt, credit note, debit note and PDF that should be there and is not: payments from before, tasks that died."""
    steps, asked, found = upkeep.request_missing(), 0, 1
    while found:
        with unit_of_work():
            found = next(steps, 0)
        asked += found
    click.echo(f"{asked} document(s) asked for.")
