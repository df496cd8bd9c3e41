"""The process from which presses are forked: `python -m app.core.press.foreman DESCRIPTOR MODULE...`.

It is a Python of its own, so that no press inherits the worker's settings, connections or framework. It loads the modules' engines once,
never does a job, and ends when every process that holds the other end of its control socket is gone.

On the control socket an order for a press comes with two sockets: one for the press itself, one for its *fate*. On the fate the foreman
says which process was forked and, when it has ended, how; whoever holds its other end kills the press by writing to it, or by dying.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from app.core.press.jobs import Jobs
from app.core.press.sealing import leave_network
from app.core.press.work import serve

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


class Foreman:
    """Forks presses on demand, and looks after them until they end."""

    def __init__(self, control: socket.socket, jobs: Jobs, *, has_left_network: bool) -> None:
        self._control = control
        self._jobs = jobs
        self._has_left_network = has_left_network
        self._watched = selectors.DefaultSelector()
        self._watched.register(control, selectors.EVENT_READ)
        # By the descriptor of the process and of its fate.
        self._presses: dict[int, tuple[int, socket.socket]] = {}

    def work(self) -> None:
        """Serve until nobody is left to serve."""
        while True:
            for key, _ in self._watched.select():
                if self._watched.get_map().get(key.fd) != key:
                    # Something before it in this round has closed it, and its number may already stand for another.
                    continue
                if key.fileobj is self._control:
                    if not self._take_order():
                        return
                elif key.data == "fate":
                    self._end(key.fd)
                else:
                    self._tell(key.fd)

    def _take_order(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, 4096, 2)
        if not message:
            return False
        work, fate = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        with work:
            self._fork(json.loads(message), work, fate)
        return True

    def _fork(self, limits: dict[str, Any], work: socket.socket, fate: socket.socket) -> None:
        try:
            pid = os.fork()
        except OSError:
            # The worker reads the end of its sockets as a press that could not be started.
            fate.close()
            return
        if pid == 0:
            self._become_press(work.detach(), limits)
        descriptor = os.pidfd_open(pid)
        with suppress(OSError):
            fate.send(f"pid {pid}\n".encode())
        self._presses[descriptor] = self._presses[fate.fileno()] = (pid, fate)
        self._watched.register(descriptor, selectors.EVENT_READ, "press")
        self._watched.register(fate, selectors.EVENT_READ, "fate")

    def _become_press(self, work: int, limits: dict[str, Any]) -> None:
        """In the child: keep the one socket and standard error, work, and end without a trace of the parent's loop."""
        status = 1
        try:
            os.closerange(3, work)
            os.closerange(work + 1, 1 << 16)
            status = serve(work, self._jobs, limits, has_left_network=self._has_left_network)
        finally:
            os._exit(status)

    def _end(self, descriptor: int) -> None:
        """The press is no longer wanted, or its worker is gone."""
        pid, fate = self._presses[descriptor]
        self._watched.unregister(fate)
        os.kill(pid, signal.SIGKILL)

    def _tell(self, descriptor: int) -> None:
        """A press has ended: say how, and forget it."""
        pid, fate = self._presses.pop(descriptor)
        self._watched.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        del self._presses[fate.fileno()]
        with suppress(KeyError):
            self._watched.unregister(fate)
        with fate, suppress(OSError):
            # Nobody wants to know when its worker is gone.
            fate.send(f"ended {code}\n".encode())


def main(arguments: Sequence[str]) -> None:
    """Load the modules, say so on the control socket, and work."""
    for ignored in _IGNORED:
        # A signal to the worker's whole group must not end a render that the worker waits for; the end of the socket is our signal.
        signal.signal(ignored, signal.SIG_IGN)
    control = socket.socket(fileno=int(arguments[0]))
    has_left_network = leave_network()
    jobs = Jobs([importlib.import_module(name) for name in arguments[1:]])
    jobs.warm_up()
    gc.collect()
    # What is loaded stays where it is: a collection in a press would touch, and so copy, the pages that all share.
    gc.freeze()
    control.send(json.dumps(jobs.facts).encode())
    Foreman(control, jobs, has_left_network=has_left_network).work()


if __name__ == "__main__":
    main(sys.argv[1:])
