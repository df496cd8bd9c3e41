"""What a program is to whatever runs it: a command, a place, and how to end it."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from embedded.parent_death import die_with_parent


@dataclass(frozen=True)
class Program:
    """One long-running process.

    `stop_signal` asks it to end; after `stop_seconds` it is killed with its process group. `environment` is added to what the
    supervisor itself has.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 10
    environment: Mapping[str, str] = field(default_factory=dict)


@cache
def tied_to_parent(with_signal: signal.Signals = signal.SIGTERM) -> tuple[str, ...]:
    """A command prefix that has the kernel send `with_signal` when the supervisor ends; empty where setpriv(1) cannot do it."""
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        return ()
    prefix = ("setpriv", "--pdeathsig", with_signal.name.removeprefix("SIG"), "--")
    works = subprocess.run([*prefix, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    return prefix if works else ()


@contextmanager
def running(program: Program, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program while the block lasts, then ask it to end, and kill it when it does not. From the main thread: see parent_death."""
    with log.open("w") as output:
        # A session of its own: Ctrl-C is for us, who still need it to clean up.
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
        yield process
    finally:
        process.send_signal(program.stop_signal)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
