"""How many searches this process has answered, by the engine that did: for its metrics."""

import threading
from collections import Counter

from flask import current_app

_TALLY = "search_answers"


class Tally:
    """Counts answers by engine and by whether it stood in for another."""

    def __init__(self) -> None:
        self._numbers: Counter[tuple[str, bool]] = Counter()
        self._lock = threading.Lock()

    def add(self, engine: str, *, is_degraded: bool) -> None:
        """Count one answer."""
        with self._lock:
            self._numbers[engine, is_degraded] += 1

    def read(self) -> dict[tuple[str, bool], int]:
        """The numbers by engine and whether degraded."""
        with self._lock:
            return dict(self._numbers)


def tally() -> Tally:
    """The counts of this process."""
    found: Tally = current_app.extensions.setdefault(_TALLY, Tally())
    return found
