"""A circuit breaker: what failed just now is not asked again at once, and then by one caller, so that nobody else waits for it."""

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Of one back end in one process. Closed it lets everybody through; after a failure it opens for a while, which doubles with each failure.

    Who is let through tells by `succeeded`, `failed` or `was_late` how it went.
    """

    def __init__(self, *, first_pause: float, longest_pause: float, patience: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        """Pauses in seconds; as many late answers in a row as `patience` open it."""
        self._pauses = (first_pause, longest_pause)
        self._patience = patience
        self._late = 0
        self._pause = first_pause
        self._opens_at: float | None = None
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def is_closed(self) -> bool:
        """Whether the back end answered when it was last asked."""
        return self._opens_at is None

    @property
    def pause_left(self) -> float:
        """Seconds until somebody is let through."""
        with self._lock:
            return 0.0 if self._opens_at is None else max(0.0, self._opens_at - self._clock())

    def lets_through(self) -> bool:
        """Whether to ask the back end. Of those who come when a pause has ended one is let through; the rest wait for how that goes."""
        with self._lock:
            if self._opens_at is None:
                return True
            if self._clock() < self._opens_at:
                return False
            # Should the one not come back, another is let through after the same pause.
            self._opens_at = self._clock() + self._pause
            return True

    def succeeded(self) -> bool:
        """Let everybody through again; return whether that is news."""
        with self._lock:
            was_open = self._opens_at is not None
            self._opens_at, self._pause, self._late = None, self._pauses[0], 0
            return was_open

    def failed(self) -> bool:
        """Let nobody through for a while; return whether that is news."""
        with self._lock:
            was_closed = self._opens_at is None
            self._pause = self._pauses[0] if was_closed else min(2 * self._pause, self._pauses[1])
            self._opens_at = self._clock() + self._pause
            return was_closed

    def was_late(self) -> bool:
        """As `failed`, for an answer that did not come in time.

        Now and then that happens to a back end that is well: it has just begun, or its machine is busy. The pause stays the first, because such a
        one is itself again at any moment.
        """
        with self._lock:
            self._late += 1
            was_closed = self._opens_at is None
            if was_closed and self._late < self._patience:
                return False
            self._pause = self._pauses[0]
            self._opens_at = self._clock() + self._pause
            return was_closed
