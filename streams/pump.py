"""Carrying events from the log to the open streams: whenever somebody is said to have news, and now and then for everybody."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable

import structlog

from streams.hub import Hub
from streams.limits import Limits
from streams.log import Away, Log

log = structlog.get_logger()
_PAUSE = 1.0


class Pump:
    """`is_fed` tells whether wake-ups come; without them everybody is looked at more often. Both in one query."""

    def __init__(self, hub: Hub, events: Log, limits: Limits, is_fed: Callable[[], bool]) -> None:
        self._hub, self._log, self._limits, self._is_fed = hub, events, limits, is_fed
        self._people: set[int] = set()
        self._everybody = False
        self._wake = asyncio.Event()
        self._looked = float("-inf")
        self.is_reading = True

    def wake(self, people: Iterable[int] | None) -> None:
        """These people may have news; None: anybody."""
        if people is None:
            self._everybody = True
        else:
            self._people.update(people)
        self._wake.set()

    async def run_news(self) -> None:
        """Carry events until cancelled. While the database is away the streams stay open and lose nothing."""
        while True:
            await self._wait()
            people = self._whom()
            try:
                await self._carry(people)
                self._note(is_reading=True, error="")
            except Away as error:
                self._note(is_reading=False, error=str(error).split("\n", 1)[0])
                self.wake(people)
                await asyncio.sleep(_PAUSE)

    async def run_checks(self) -> None:
        """End the streams of sign-ins that ended, until cancelled."""
        while True:
            await asyncio.sleep(self._limits.recheck)
            asked = self._hub.families()
            try:
                alive = await self._log.still_alive(asked) if asked else asked
            except Away as error:
                log.warning("sign_ins_unchecked", error=str(error).split("\n", 1)[0])
                continue
            self._hub.end_where_not(alive, asked)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._limits.look_alone):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _whom(self) -> set[int]:
        people, self._people = self._people, set()
        every = self._limits.look_with_relay if self._is_fed() else self._limits.look_alone
        if self._everybody or time.monotonic() - self._looked >= every:
            self._everybody, self._looked = False, time.monotonic()
            people = set(self._hub.people)
        return people

    async def _carry(self, people: set[int]) -> None:
        asked = self._hub.ask(people)
        if not asked:
            return
        limit = self._limits.events_at_a_time
        rows = await self._log.after({person: what.after for person, what in asked.items()}, limit)
        self._hub.deliver(asked, rows)
        # Whoever got as much as is read at a time may have more.
        read = Counter(row.user_id for row in rows)
        if unfinished := [person for person, count in read.items() if count == limit]:
            self.wake(unfinished)

    def _note(self, *, is_reading: bool, error: str) -> None:
        if is_reading != self.is_reading:
            self.is_reading = is_reading
            (log.info if is_reading else log.warning)("log_read" if is_reading else "log_unread", error=error)
