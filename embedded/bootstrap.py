"""Prepares the checkout, then becomes the command that was asked for. Only the standard library: it runs before anything is installed."""

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.messages import StartError, say, warn
from embedded.system_libraries import ensure_libraries
from embedded.virtual_environment import VirtualEnvironment

ROOT = Path(__file__).resolve().parent.parent
SERVING = ("requirements.txt", "requirements-embedded.txt")
DEVELOPING = (*SERVING, "requirements-dev.txt")


def main(arguments: list[str]) -> int:
    """`[--dev] [MODULE ARGUMENTS...]`: prepare, and become `python -m MODULE` if one is named."""
    is_development = arguments[:1] == ["--dev"]
    module = arguments[1:] if is_development else arguments
    environment = VirtualEnvironment(ROOT)
    try:
        with _one_at_a_time():
            # The quicker check comes first: whoever has to install something by hand should not wait for it.
            ensure_libraries()
            environment.ensure(DEVELOPING if is_development else SERVING)
    except StartError as error:
        warn(str(error))
        return 1
    if module:
        os.execv(environment.python, [str(environment.python), "-m", *module])  # noqa: S606  The bootstrap becomes the command, under the same process id.
    return 0


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands started together must not install into one environment at once."""
    folder = ROOT / "var"
    try:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder / "bootstrap.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError as error:
        raise StartError(f"{error.filename} cannot be written: the checkout or its var/ belongs to another user.") from error
    with os.fdopen(descriptor, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is preparing this checkout; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    # A termination ends the installing child too: see parent_death.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
