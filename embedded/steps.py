"""Runs one step of a set-up, such as an installer, so that ending us ends it too. Only the standard library."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from embedded.parent_death import die_with_parent

# Long enough for a package manager to leave its files in order.
_GRACE_SECONDS = 10


def run_step(
    command: Sequence[str],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | int | None = None,
    errors: IO[str] | int | None = None,
) -> int:
    """Wait for `command` and return its exit status (negative: the signal that ended it).

    `output` and `errors` are as for subprocess; None means the terminal. When an exception such as KeyboardInterrupt comes
    meanwhile, the child is told to end, waited for, and killed if it does not.
    """
    child = subprocess.Popen(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, preexec_fn=die_with_parent()
    )
    try:
        return child.wait()
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
