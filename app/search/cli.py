"""`flask search ...`: operators' commands on the indexes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup
from sqlalchemy import func, select
from tqdm import tqdm

from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.search import checks, choice, rebuilding
from app.search.drift import Drift, find_drift
from app.search.engine import EngineAway, EntriesRefused, SearchEngine
from app.search.warming import warm_up

_SHOWN = 20
_NAMES = (choice.POSTGRES.name, choice.ELASTIC.name)

search = AppGroup("search", help="The search index.")
which = click.option("--engine", "name", type=click.Choice(_NAMES), help="One engine's index; every configured one's otherwise.")


@search.command("rebuild")
@which
def rebuild(name: str | None) -> None:
    """Write every job's searchable copy anew, and remove what is left of jobs that are gone. Searches and changes go on meanwhile.

    What was cut off is taken up again by the same command.
    """
    for engine in _engines(name):
        with _reported(), _bar(engine) as progress:
            mended = rebuilding.rebuild_index(engine, progress)
        click.echo(f"{engine.name}: rebuilt; {mended} copies were changed meanwhile or belonged to no job.")


@search.command("prepare")
def prepare() -> None:
    """Make and fill Elasticsearch's index if there is none yet, else mend it: before a start, and after a change of the mapping.

    The node is asked some searches too, so that the first person need not wait until it has got going.
    """
    if not choice.is_elastic():
        click.echo("PostgreSQL searches; there is nothing to prepare.")
        return
    with _reported(), _bar(choice.ELASTIC) as progress:
        is_new = rebuilding.prepare(progress)
    warm_up()
    click.echo("The index was made." if is_new else "The index is there.")


@search.command("prune")
def prune() -> None:
    """Drop the indexes of earlier mappings, once no process runs the code that reads them."""
    if not choice.is_elastic():
        raise click.ClickException("Elasticsearch is not configured.")
    with _reported():
        names = rebuilding.prune()
    click.echo("\n".join(f"{name} was dropped." for name in names) or "There is none.")


@search.command("check")
@which
@click.option("--repair", is_flag=True, help="Index anew what differs; a damaged index of Elasticsearch as a whole.")
def check(name: str | None, repair: bool) -> None:
    """Compare the indexes with the jobs; exits with 1 when they differ. What was changed a moment ago may still wait in the queue."""
    differs = False
    for engine in _engines(name):
        with _reported():
            drift = find_drift(engine)
            _show(engine, drift)
            if repair:
                _repair(engine)
                drift = find_drift(engine)
        with unit_of_work():
            checks.record(engine.name, drift)
        differs |= bool(drift.job_ids)
    if differs:
        raise click.ClickException("The index differs from the jobs; --repair mends it.")


def _repair(engine: SearchEngine) -> None:
    click.echo(f"{rebuilding.repair(engine)} copies were written anew.")
    if rebuilding.is_beyond_repair(engine):
        click.echo("The index has higher versions than the jobs. It is made anew.")
        with _bar(engine) as progress:
            rebuilding.rebuild_index(engine, progress)


def _show(engine: SearchEngine, drift: Drift) -> None:
    click.echo(engine.name)
    for kind, job_ids in (("missing", drift.missing), ("outdated", drift.outdated), ("extra", drift.extra)):
        shown = ", ".join(map(str, job_ids[:_SHOWN])) + (" ..." if len(job_ids) > _SHOWN else "")
        click.echo(f"{kind:<9} {len(job_ids):>8}  {shown}".rstrip())


def _engines(name: str | None) -> list[SearchEngine]:
    if name is None:
        return choice.engines()
    try:
        return [choice.engine_named(name)]
    except LookupError as error:
        raise click.ClickException(f"{name} is not configured.") from error


@contextmanager
def _bar(engine: SearchEngine) -> Iterator[Callable[[int], None]]:
    total = db.session.scalar(select(func.count()).select_from(Job)) or 0
    db.session.rollback()
    with tqdm(total=total, desc=engine.name, unit=" jobs", mininterval=0.5) as bar:

        def advance(number: int) -> None:
            bar.update(number)

        yield advance


@contextmanager
def _reported() -> Iterator[None]:
    """What an operator can act on, without a trace."""
    try:
        yield
    except (EngineAway, EntriesRefused, rebuilding.RebuildRuns) as error:
        raise click.ClickException(str(error)) from error
