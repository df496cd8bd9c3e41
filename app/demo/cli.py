"""`flask demo load`: fills an empty board with believable data."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup
from tqdm import tqdm

from app.core.unit_of_work import unit_of_work

if TYPE_CHECKING:
    from app.demo.catalogue import JobSeed

demo = AppGroup("demo", help="Demonstration data.")


@demo.command("load")
@click.option("--jobs", "count", default=300, show_default=True, type=click.IntRange(1, 5_000_000), help="How many jobs.")
@click.option("--if-empty", is_flag=True, help="Do nothing, without an error, when there are jobs already.")
def load(count: int, if_empty: bool) -> None:
    """Load the demo users, companies and COUNT jobs, the same ones every time; dates follow today."""
    # Reading the catalogue takes a fifth of a process's start, and no other process needs it.
    from app.demo import load as loading  # noqa: PLC0415

    def progress(seeds: "Iterable[JobSeed]") -> "Iterable[JobSeed]":
        return tqdm(seeds, total=count, desc="jobs", unit=" jobs", mininterval=0.5)

    with unit_of_work():
        if not loading.is_empty():
            if if_empty:
                click.echo("The board has jobs already; nothing was loaded.")
                return
            raise click.ClickException("The board has jobs already. Demo data goes into an empty database only.")
        loaded = loading.load(count, progress=progress)
    click.echo(f"{loaded.jobs} jobs of {loaded.companies} companies and {loaded.users} users were loaded.")
