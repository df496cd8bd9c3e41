"""Private back ends that live as long as a `with` block, for tests and benchmarks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embedded import elasticsearch
from embedded.backends import Backends, Wanted
from embedded.credentials import Credentials
from embedded.installation import remove_noted_copy
from embedded.messages import StartError
from embedded.programs import running
from embedded.scratch import scratch_folder

SCRATCH = Path(__file__).resolve().parent.parent / "var" / "test"
_USUAL = Wanted()


@contextmanager
def throw_away_backends(parent: Path = SCRATCH, wanted: Wanted = _USUAL) -> Iterator[dict[str, str]]:
    """Start a PostgreSQL that never waits for the disk, two Redis, and Elasticsearch if it is wanted; yields the variables that lead to them.

    They are stopped at the end, and their files, in a folder below `parent`, are removed. Raises StartError, with the servers'
    messages, when one does not start. To be entered from the main thread: see parent_death.
    """
    with ExitStack() as resources:
        folder = resources.enter_context(scratch_folder(parent, _remove_copies))
        (folder / "run").mkdir()
        backends = resources.enter_context(Backends(folder, Credentials.generate(), wanted, is_durable=False))
        for program in backends.programs:
            resources.enter_context(running(program, folder / "run" / f"{program.name}.log"))
        try:
            backends.wait_until_ready()
        except StartError as error:
            logs = "\n".join(log.read_text(errors="replace") for log in sorted(folder.glob("run/*.log")))
            raise StartError(f"{error}\n{logs}") from error
        yield backends.environment


def _remove_copies(folder: Path) -> None:
    """Remove what a folder has outside of itself."""
    remove_noted_copy(folder / "run" / "postgres-copy")
    elasticsearch.remove_elsewhere(folder / "elasticsearch")
