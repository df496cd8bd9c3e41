"""Clients at work: so many operations of a mix, begun evenly over some seconds, however long each of them takes."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from faults.clients import Client
from faults.history import Kind

CLIENTS = 32

# Rendering is slow, and every purchase prints a receipt as well.
USUAL: Mapping[Kind, float] = {Kind.PURCHASE: 0.25, Kind.EDIT: 0.36, Kind.MESSAGE: 0.37, Kind.PDF: 0.02}
EDITS: Mapping[Kind, float] = {Kind.EDIT: 0.85, Kind.MESSAGE: 0.15}
PURCHASES: Mapping[Kind, float] = {Kind.PURCHASE: 1.0}


def plan(operations: int, mix: Mapping[Kind, float], rng: Random) -> list[Kind]:
    """The kinds of all operations, in the order of their beginning."""
    kinds = [kind for kind, share in mix.items() for _ in range(round(operations * share))]
    rng.shuffle(kinds)
    return kinds


class Load:
    """Threads, one a client, from `start` until `join`. A client that has to wait keeps nobody else waiting."""

    def __init__(self, clients: Sequence[Client], kinds: Sequence[Kind], seconds: float) -> None:
        self._planned = seconds
        self._started = time.monotonic()
        self._errors: list[Exception] = []
        pace = seconds / max(1, len(kinds))
        self._threads = [
            threading.Thread(target=self._work, args=(client, kinds[number :: len(clients)], number * pace, len(clients) * pace), daemon=True)
            for number, client in enumerate(clients)
        ]

    def start(self) -> None:
        """Begin."""
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def wait_until(self, seconds: float) -> None:
        """Return so many seconds after the start."""
        time.sleep(max(0.0, seconds - self.seconds))

    def ticks(self, every: float) -> Iterator[None]:
        """Once every so many seconds while clients are at work, but not much longer than planned: who waits then is to be let through."""
        while any(thread.is_alive() for thread in self._threads) and self.seconds < 1.5 * self._planned:
            yield
            time.sleep(every)

    def join(self) -> None:
        """Wait until all operations have ended. Raises what a client did not expect."""
        for thread in self._threads:
            thread.join()
        for error in self._errors:
            raise error

    def _work(self, client: Client, kinds: Sequence[Kind], first: float, pace: float) -> None:
        try:
            for turn, kind in enumerate(kinds):
                self.wait_until(first + turn * pace)
                client.perform(kind)
        except Exception as error:
            self._errors.append(error)
