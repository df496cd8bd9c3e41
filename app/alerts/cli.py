"""`flask alerts ...`: how far the job alerts have come."""

import click
from flask.cli import AppGroup

from app.alerts import editions
from app.alerts.models import AlertEdition
from app.core.clock import now
from app.core.unit_of_work import unit_of_work

alerts = AppGroup("alerts", help="Job alerts: the daily editions.")


@alerts.command("status")
@click.option("--days", default=7, show_default=True, help="How many editions.")
def status(days: int) -> None:
    """The latest editions: searches run, people gone through, digests made, and how the mails fare."""
    shown = editions.recent(days)
    if not shown:
        click.echo("There was no edition yet.")
    for edition in shown:
        click.echo(_line(edition))
    if shown:
        states = editions.mails_by_state(shown[0].day)
        click.echo(f"mails of {shown[0].day}: " + ("  ".join(f"{state} {number}" for state, number in sorted(states.items())) or "none"))


@alerts.command("begin")
def begin() -> None:
    """Begin the day's edition now, as beat would; says so when there is nothing to begin."""
    with unit_of_work():
        day = editions.begin_due(now())
    click.echo(f"The edition of {day} has begun." if day else "Nothing to begin: it was begun, it is not its hour, or the search index is behind.")


def _line(edition: AlertEdition) -> str:
    weekly = " +weekly" if edition.weekly_after else ""
    ended = f"{edition.finished_at:%H:%M:%S}" if edition.finished_at else "-"
    return (
        f"{edition.day}{weekly:<8} {edition.state:<10} searches {edition.searches_done}/{edition.searches}  matches {edition.matches}  "
        f"people {edition.people_done}/{edition.people}  digests {edition.digests}  jobs {edition.jobs_sent}  "
        f"begun {edition.started_at:%H:%M:%S} UTC, done {ended}"
    )
