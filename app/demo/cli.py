"""`flask demo load`: fills an empty board with believable data."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup
from tqdm import tqdm

from app.core.unit_of_work import unit_of_work

if TYPE_CHECKING:
    from app.demo.catalogue import JobSeed

MOST_ROWS = 100_000_000

demo = AppGroup("demo", help="Demonstration data.")


@demo.command("load")
@click.option("--jobs", "count", default=300, show_default=True, type=click.IntRange(1, 5_000_000), help="How many jobs.")
@click.option("--messages", default=0, show_default=True, type=click.IntRange(0, MOST_ROWS), help="A year of chats, also into a loaded board.")
@click.option("--notifications", default=0, show_default=True, type=click.IntRange(0, MOST_ROWS), help="A year of them, likewise.")
@click.option("--if-empty", is_flag=True, help="Do nothing, without an error, when there are jobs already.")
def load(count: int, messages: int, notifications: int, if_empty: bool) -> None:
    """Load the demo users, companies and COUNT jobs, the same ones every time; dates follow today."""
    # Reading the catalogue takes a fifth of a process's start, and no other process needs it.
    from app.demo import load as loading  # noqa: PLC0415

    def progress(seeds: "Iterable[JobSeed]") -> "Iterable[JobSeed]":
        return tqdm(seeds, total=count, desc="jobs", unit=" jobs", mininterval=0.5)

    with unit_of_work():
        if loading.is_empty():
            loaded = loading.load(count, progress=progress)
            click.echo(f"{loaded.jobs} jobs of {loaded.companies} companies and {loaded.users} users were loaded.")
        elif if_empty:
            click.echo("The board has jobs already; nothing was loaded.")
            return
        elif not (messages or notifications):
            raise click.ClickException("The board has jobs already. Demo data goes into an empty database only.")
        if messages or notifications:
            _load_chats(messages, notifications)


def _load_chats(messages: int, notifications: int) -> None:
    from app.demo import load_chats as loading  # noqa: PLC0415  As above.

    def progress(what: str, number: int) -> Callable[[Iterable[bytes]], Iterable[bytes]]:
        bar: Any = tqdm(total=number, desc=what, unit=" rows", unit_scale=True, mininterval=0.5)

        def tracked(rows: Iterable[bytes]) -> Iterable[bytes]:
            for row in rows:
                yield row
                bar.update()
            if bar.n >= number:
                bar.close()

        return tracked

    if not loading.is_quiet():
        raise click.ClickException("There are messages or notifications already. Chats go into a board without any.")
    loading.load_chats(messages, notifications, progress=progress)
    click.echo(f"{messages} messages and {notifications} notifications were loaded.")
