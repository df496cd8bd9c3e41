"""Small periodic chores of a serving process: one daemon thread, started by the first request that needs it.

A forked or spawned server process starts a thread of its own. Nothing that must happen belongs here: that goes into the outbox.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import cast

import structlog
from flask import Flask

log = structlog.get_logger()


@dataclass
class _Chore:
    seconds: float
    call: Callable[[], None]
    at_exit: bool
    due_at: float


class Background:
    """The chores of one application. Tests call chores themselves: under `TESTING` no thread starts."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._chores: list[_Chore] = []
        self._process = 0
        self._starting = threading.Lock()
        self._stopping = threading.Event()

    @classmethod
    def of(cls, app: Flask) -> "Background":
        """The application's own, made when first asked for."""
        return cast(Background, app.extensions.setdefault("background", cls(app)))

    def every(self, seconds: float, call: Callable[[], None], *, at_exit: bool = False) -> None:
        """Run `call` in an application context of its own each `seconds`, and once more when the process ends in good order."""
        self._chores.append(_Chore(seconds, call, at_exit, time.monotonic() + seconds))

    def ensure_running(self) -> None:
        """Start the thread unless this process has it; cheap enough for every request."""
        if self._process == os.getpid() or self._app.testing:
            return
        with self._starting:
            if self._process != os.getpid():
                self._process = os.getpid()
                self._stopping = threading.Event()
                threading.Thread(target=self._work, args=(self._stopping,), name="background", daemon=True).start()
                # Unlike atexit this also runs in the children of a server that forks or spawns by multiprocessing.
                Finalize(None, self.finish, args=(self._process,), exitpriority=0)

    def finish(self, process: int) -> None:
        """Stop the thread of `process` and do what is left, unless this is a child that inherited the duty."""
        if process != os.getpid():
            return
        self._stopping.set()
        for chore in self._chores:
            if chore.at_exit:
                self._run(chore)

    def _work(self, stopping: threading.Event) -> None:
        step = min(chore.seconds for chore in self._chores)
        while not stopping.wait(step):
            for chore in self._chores:
                if chore.due_at <= time.monotonic():
                    self._run(chore)

    def _run(self, chore: _Chore) -> None:
        chore.due_at = time.monotonic() + chore.seconds
        try:
            with self._app.app_context():
                chore.call()
        except Exception:
            # The next turn is the remedy for a back end that is away; a bug is logged and must not stop the other chores.
            log.exception("chore_failed", chore=chore.call.__qualname__)
