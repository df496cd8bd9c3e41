"""The place of one scenario: its people, its load, what was noted, and what comes of it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from random import Random

import psycopg
from flask import Flask

from embedded.messages import StartError
from faults.board import HISTORIES, Board
from faults.checker import Checker, Findings
from faults.clients import Client
from faults.history import History, Kind
from faults.load import CLIENTS, USUAL, Load, plan
from faults.people import Pair, add_pairs


class Stage:
    """What a scenario works with. `failures` are sentences about what must not be, `remarks` are figures of its own."""

    def __init__(self, board: Board, app: Flask, package_id: int, operations: int, rng: Random) -> None:
        self.board = board
        self.operations = operations
        self.rng = rng
        self.history = History()
        self.failures: list[str] = []
        self.remarks: list[str] = []
        self.strikes = 0
        # More than the history's operations where many requests ask for one of them.
        self.accepted: int | None = None
        self.since = self.clock()
        self._app = app
        self.package_id = package_id
        self._pairs: list[Pair] = []

    def clients(self, number: int, *, resumes: int = 0, hang_up: float = 0.0) -> list[Client]:
        """New people at their screens."""
        pairs = add_pairs(self._app, number, resumes=resumes)
        self._pairs += pairs
        seeds = [self.rng.getrandbits(64) for _ in pairs]
        return [Client(self.board.port, pair, self.package_id, self.history, Random(seed), hang_up) for pair, seed in zip(pairs, seeds, strict=True)]

    @contextmanager
    def load(self, *, seconds: float, mix: Mapping[Kind, float] = USUAL, share: float = 1.0, hang_up: float = 0.0) -> Iterator[Load]:
        """Operations under way while the block breaks something. At its end everything is brought back and the operations end."""
        kinds = plan(round(self.operations * share), mix, self.rng)
        most_pdfs = max(kinds[number::CLIENTS].count(Kind.PDF) for number in range(CLIENTS))
        load = Load(self.clients(CLIENTS, resumes=most_pdfs, hang_up=hang_up), kinds, seconds)
        load.start()
        yield load
        self.board.heal()
        load.join()

    def strike(self, act: Callable[[], int]) -> None:
        """Let the nemesis act, and count what it hit."""
        self.strikes += act()

    def check(self, name: str) -> Findings:
        """Write the history to a file and compare it with PostgreSQL, once all work has ended; then prove the books."""
        self.history.write(HISTORIES / f"{name}.jsonl")
        if wrong := [attempt.status for attempt in self.history.attempts() if attempt.status >= 500 and attempt.status != 503]:
            self.failures.append(f"{len(wrong)} answers {', '.join(map(str, sorted(set(wrong))))}, which no fault excuses")
        findings = Checker(self.board.database_url, self.since, self._pairs, self.history).check()
        try:
            self.board.flask("ledger", "check")
        except StartError as error:
            self.failures.append(str(error))
        return findings

    def wait_for(self, what: str, look: Callable[[], bool], seconds: float) -> None:
        """Return when `look()` is true; a failure when that does not come in time."""
        deadline = time.monotonic() + seconds
        while not look():
            if time.monotonic() > deadline:
                self.failures.append(f"{what} did not happen within {seconds:.0f} s")
                return
            time.sleep(0.2)

    def sql(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """The rows of a query, committed."""
        with psycopg.connect(self.board.database_url, connect_timeout=5) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def clock(self) -> datetime:
        """The database's time."""
        [(at,)] = self.sql("SELECT clock_timestamp()")
        assert isinstance(at, datetime)
        return at
