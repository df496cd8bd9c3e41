"""The worker's hold on its foreman."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.core.press.errors import PressLost

_ROOT = Path(__file__).resolve().parents[3]

# Loading the engines takes under a second; a machine that swaps may need many.
_START_SECONDS = 60

# What a Python and the libraries of an engine need to be found; never settings.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED")


class Room:
    """One foreman. Made in a worker's main process, used by it and by the children that are forked from it later.

    `facts` is what the modules say of their engines. Raises PressLost when the foreman does not start.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                # The command is made of our own module names.
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", "app.core.press.foreman", str(theirs.fileno()), *modules],
                    cwd=_ROOT,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            except OSError as error:
                # The machine has no memory or no number left for one more process.
                self._control.close()
                raise PressLost("The foreman of the presses could not be started.") from error
        self._owner = os.getpid()
        self.facts = self._await_start()

    @property
    def pid(self) -> int:
        """The foreman's process."""
        return self._process.pid

    def order_press(self, limits: dict[str, Any]) -> tuple[socket.socket, socket.socket]:
        """The sockets of a new press: for its work, and for its fate. Raises PressLost when the foreman is gone."""
        work, its_work = socket.socketpair()
        fate, its_fate = socket.socketpair()
        with its_work, its_fate:
            try:
                socket.send_fds(self._control, [json.dumps(limits).encode()], [its_work.fileno(), its_fate.fileno()])
            except OSError as error:
                work.close()
                fate.close()
                raise PressLost("The foreman of the presses is gone.") from error
        return work, fate

    def close(self) -> None:
        """Let go. The foreman ends when everybody has, and at once when its owner has."""
        self._control.close()
        if os.getpid() == self._owner and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _await_start(self) -> dict[str, Any]:
        self._control.settimeout(_START_SECONDS)
        try:
            said = self._control.recv(1 << 16)
        except TimeoutError:
            said = b""
        if not said:
            self._process.kill()
            self.close()
            raise PressLost("The foreman of the presses did not start.")
        self._control.settimeout(None)
        facts: dict[str, Any] = json.loads(said)
        return facts


def _environment() -> dict[str, str]:
    # One heap for all threads, of which there is one: glibc's further ones hold on to memory.
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return {**kept, "MALLOC_ARENA_MAX": "1", "PYTHONUTF8": "1"}
