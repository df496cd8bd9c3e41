"""`flask payments import-statement|differences|resolve|conclude-refund`: the accountant's commands."""

from datetime import datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from app.core.unit_of_work import unit_of_work
from app.payments import differences, refund_calls, statements
from app.payments.errors import DifferenceNotFound, RefundNotFound, StatementUnreadable
from app.payments.models import Provider
from app.payments.providers.base import RefundAnswer, RefundState
from app.payments.statements_csv import COLUMNS

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("import-statement")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--provider", type=click.Choice([provider.value for provider in Provider]), required=True)
@click.option("--day", type=DAY, required=True, help="The day of the statement, in the gateway's own zone.")
@click.option("--column", "pairs", multiple=True, metavar="OURS=THEIRS", help=f"A header that is not ours ({', '.join(COLUMNS)}).")
@click.option("--major-units", is_flag=True, help="Amounts are like 12.50, not in the smallest unit.")
@with_appcontext
def import_statement(path: Path, provider: str, day: datetime, pairs: tuple[str, ...], major_units: bool) -> None:
    """Compare a gateway's daily statement (CSV) with the books; what differs becomes rows, see `differences`."""
    columns = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(columns) != len(pairs) or not columns.keys() <= set(COLUMNS):
        raise click.BadParameter(f"must be like order_code='Merchant reference', for one of {', '.join(COLUMNS)}.", param_hint="--column")
    try:
        with unit_of_work():
            done = statements.import_statement(
                Provider(provider), day.date(), path.name, path.read_bytes(), columns=columns, in_major_units=major_units
            )
    except StatementUnreadable as error:
        raise click.ClickException("Nothing was imported.\n" + "\n".join(error.flaws)) from error
    click.echo(f"{done.lines} line(s), {done.new_lines} of them new; {done.differences} new difference(s).")


@click.command("differences")
@click.option("--all", "is_all", is_flag=True, help="Also those that people have closed.")
@click.option("--limit", default=200, show_default=True)
@with_appcontext
def list_differences(is_all: bool, limit: int) -> None:
    """Where the books and a gateway disagree, the oldest first."""
    for row in differences.list_differences(only_open=not is_all, limit=limit):
        click.echo(f"{row.id:>6}  {row.found_at:%Y-%m-%d %H:%M}  {row.provider:<6}  {row.kind:<18}  {row.detail}")
        if row.resolution:
            click.echo(f"        closed {row.resolved_at:%Y-%m-%d %H:%M}: {row.resolution}")


@click.command("resolve")
@click.argument("difference_id", type=int)
@click.argument("resolution")
@with_appcontext
def resolve(difference_id: int, resolution: str) -> None:
    """Close a difference with a sentence that says what was done. It changes no money."""
    try:
        with unit_of_work():
            differences.resolve_difference(difference_id, resolution)
    except DifferenceNotFound as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Difference {difference_id} is closed.")


@click.command("conclude-refund")
@click.argument("refund_id", type=int)
@click.argument("state", type=click.Choice([RefundState.DONE.value, RefundState.REFUSED.value], case_sensitive=False))
@click.option("--reference", default="", help="The gateway's number of the refund.")
@click.option("--reason", default="", help="Why it was not made.")
@with_appcontext
def conclude_refund(refund_id: int, state: str, reference: str, reason: str) -> None:
    """Say what a person has found out about a refund that the gateway left open. REFUSED undoes its booking."""
    found = RefundState(state.upper())
    try:
        with unit_of_work():
            status = refund_calls.record_answer(refund_id, RefundAnswer(found, reference, reason or "concluded by an operator"))
    except RefundNotFound as error:
        raise click.ClickException(error.detail) from error
    if status.value != found.value:
        raise click.ClickException(f"Refund {refund_id} is {status}; that cannot become {found}.")
    click.echo(f"Refund {refund_id} is concluded.")


COMMANDS = (import_statement, list_differences, resolve, conclude_refund)
