"""Back ends of the tests' own: the ones that bin/test gives are not to be killed."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from embedded.backends import Backends, Wanted
from embedded.credentials import Credentials
from embedded.processes import end_all, processes_in
from embedded.programs import Program

# Fixed, because parallel test processes have to agree on the names of their tests.
CREDENTIALS = Credentials("database-password", "state-password", "cache-password", "supervisor-password", "secret-key")
POSTGRES_ONLY = Wanted(redis_state=False, redis_cache=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for back ends."""
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Backends]]:
    """Prepares the back ends in `folder`, runs them and waits for them; they run until the test ends."""
    with ExitStack() as resources:

        def begin(wanted: Wanted = POSTGRES_ONLY, credentials: Credentials = CREDENTIALS) -> Backends:
            backends = resources.enter_context(Backends(folder, credentials, wanted, is_durable=False))
            for program in backends.programs:
                resources.enter_context(running(program, folder / "run" / "output.log"))
            backends.wait_until_ready()
            return backends

        yield begin


@contextmanager
def running(program: Program, log: Path) -> Iterator[None]:
    """Run the program; at the end it and what shares its working directory are killed."""
    with log.open("a") as output, subprocess.Popen(program.command, cwd=program.directory, stdout=output, stderr=output):
        yield
        end_all(processes_in(program.directory), grace_seconds=0)
