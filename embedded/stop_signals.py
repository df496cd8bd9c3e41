"""Turns the signals that ask a command to end into one exception, at a moment when it can still clean up."""

import signal
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The command was asked to end. Not an Exception, so that no handler of errors takes it for one."""


class StopSignals:
    """Counts the requests to end; the first raises Interrupted in the main thread, unless `is_expected` was set before."""

    def __init__(self) -> None:
        self.count = 0
        self.is_expected = False
        for number in _SIGNALS:
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if not self.is_expected:
            self.is_expected = True
            raise Interrupted
