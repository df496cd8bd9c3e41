"""`flask search ...`: operators' commands on the index."""

import click
from flask.cli import AppGroup
from sqlalchemy import func, select
from tqdm import tqdm

from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.search import service
from app.search.drift import find_drift

_SHOWN = 20

search = AppGroup("search", help="The search index.")


@search.command("rebuild")
def rebuild() -> None:
    """Write every job's searchable copy anew, and remove what is left of jobs that are gone. Searches and changes go on meanwhile."""
    total = db.session.scalar(select(func.count()).select_from(Job)) or 0
    db.session.rollback()
    after, number = 0, 1
    with tqdm(total=total, desc="jobs", unit=" jobs", mininterval=0.5) as bar:
        while number:
            with unit_of_work():
                after, number = service.reindex_next(after=after)
            bar.update(number)
    repaired = _repair(find_drift().job_ids)
    click.echo(f"{total} jobs were written anew; {repaired} copies changed meanwhile or belonged to no job.")


@search.command("check")
@click.option("--repair", is_flag=True, help="Index anew what differs.")
def check(repair: bool) -> None:
    """Compare the index with the jobs; exits with 1 when they differ. What was changed a moment ago may still wait in the queue."""
    drift = find_drift()
    for kind, job_ids in (("missing", drift.missing), ("outdated", drift.outdated), ("extra", drift.extra)):
        shown = ", ".join(map(str, job_ids[:_SHOWN])) + (" ..." if len(job_ids) > _SHOWN else "")
        click.echo(f"{kind:<9} {len(job_ids):>8}  {shown}".rstrip())
    if repair:
        click.echo(f"{_repair(drift.job_ids)} copies were written anew.")
    elif drift.job_ids:
        raise click.ClickException("The index differs from the jobs; --repair mends it.")


def _repair(job_ids: list[int]) -> int:
    for start in range(0, len(job_ids), service.BATCH):
        with unit_of_work():
            service.reindex(job_ids[start : start + service.BATCH])
    return len(job_ids)
