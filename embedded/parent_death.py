"""Ties a child's life to its parent's, so that a kill -9 of the parent leaves nothing behind (Linux; elsewhere it does nothing).

Only the standard library: the bootstrap uses this before anything is installed.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

# The option numbers of prctl(2), from linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(option: int, value: int) -> None:
    if _libc is not None and _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl failed")


def die_with_parent(with_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn` for subprocess: the kernel sends `with_signal` to the child when the parent's thread that started it ends.

    So the child has to be started from a thread that lives as long as the parent, which is the main one.
    """
    parent = os.getpid()

    def arrange() -> None:
        _prctl(_PR_SET_PDEATHSIG, with_signal)
        if os.getppid() != parent:
            # The parent ended before the request was made, so its signal will never come.
            os._exit(1)

    return arrange


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends, so that it can end them at last."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
