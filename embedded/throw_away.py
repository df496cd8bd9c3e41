"""Private back ends that live as long as a `with` block, for tests and benchmarks."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embedded.backends import Backends, Wanted
from embedded.credentials import Credentials
from embedded.installation import remove_noted_copy
from embedded.messages import StartError
from embedded.parent_death import die_with_parent
from embedded.programs import Program
from embedded.scratch import scratch_folder

SCRATCH = Path(__file__).resolve().parent.parent / "var" / "test"


@contextmanager
def throw_away_backends(parent: Path = SCRATCH) -> Iterator[dict[str, str]]:
    """Start a PostgreSQL that never waits for the disk and two Redis; yields DATABASE_URL, REDIS_URL and REDIS_CACHE_URL.

    They are stopped at the end, and their files, in a folder below `parent`, are removed. Raises StartError, with the servers'
    messages, when one does not start. To be entered from the main thread: see parent_death.
    """
    with ExitStack() as resources:
        folder = resources.enter_context(scratch_folder(parent, lambda left: remove_noted_copy(left / "run" / "postgres-copy")))
        (folder / "run").mkdir()
        backends = resources.enter_context(Backends(folder, Credentials.generate(), Wanted(), is_durable=False))
        for program in backends.programs:
            resources.enter_context(_running(program, folder / "run" / f"{program.name}.log"))
        try:
            backends.wait_until_ready()
        except StartError as error:
            logs = "\n".join(log.read_text(errors="replace") for log in sorted(folder.glob("run/*.log")))
            raise StartError(f"{error}\n{logs}") from error
        yield backends.environment


@contextmanager
def _running(program: Program, log: Path) -> Iterator[None]:
    with log.open("w") as output:
        # A session of its own: Ctrl-C is for the tests, which still need their database to clean up.
        process = subprocess.Popen(
            program.command,
            cwd=program.directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(program.stop_signal),
        )
    try:
        yield
    finally:
        process.send_signal(program.stop_signal)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
