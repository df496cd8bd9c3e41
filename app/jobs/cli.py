"""`flask postings ...`: operators' commands on jobs. (Slow work is under `flask tasks`.)"""

from datetime import timedelta

import click
from flask.cli import AppGroup

from app.core.clock import now
from app.core.unit_of_work import unit_of_work
from app.jobs import purging

BATCH = 500

postings = AppGroup("postings", help="Postings.")


@postings.command("purge")
@click.argument("job_id", type=click.IntRange(1, 10**18), required=False)
@click.option("--deleted-before", type=click.IntRange(0, 36_500), metavar="DAYS", help="Every posting that was deleted at least so many days ago.")
def purge(job_id: int | None, deleted_before: int | None) -> None:
    """Remove a posting for good, whatever its status. Applications stay and show a placeholder."""
    if (job_id is None) == (deleted_before is None):
        raise click.UsageError("Name one posting, or say --deleted-before DAYS.")
    number = _purge_one(job_id) if job_id is not None else _purge_old(deleted_before or 0)
    click.echo(f"{number} posting(s) purged.")


def _purge_one(job_id: int) -> int:
    with unit_of_work():
        if not purging.purge([job_id]):
            raise click.ClickException("There is no such posting.")
    return 1


def _purge_old(days: int) -> int:
    cutoff, total = now() - timedelta(days=days), 0
    while True:
        with unit_of_work():
            number = purging.purge_deleted(cutoff, limit=BATCH)
        total += number
        if number == 0:
            return total
