"""Hearing from the relay, over one subscription, that people have news."""

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.limits import Limits
from streams.protocol import BEAT, CHANNEL

log = structlog.get_logger()
_PAUSE = 1.0

# Called with the people who have news, or None when anybody may have some.
Heard = Callable[[Iterable[int] | None], None]


class Feed:
    """Calls `heard` for each message. `is_live` tells whether the relay was heard lately, by a message or its beat."""

    def __init__(self, redis_url: str, limits: Limits, heard: Heard) -> None:
        self._url, self._limits, self._heard = redis_url, limits, heard
        self._last = float("-inf")
        self._was_live: bool | None = None

    @property
    def is_live(self) -> bool:
        return time.monotonic() - self._last < self._limits.relay_silence

    async def run(self) -> None:
        """Listen until cancelled; a Redis that is away or silent is asked again every now and then."""
        while True:
            try:
                await self._listen()
                reason = "silence"
            except (RedisError, OSError) as error:
                reason = str(error).split("\n", 1)[0]
            self._note(is_live=False, reason=reason)
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        """Return when nothing was heard for too long, which a connection that is cut somewhere else looks like."""
        client = Redis.from_url(self._url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0), decode_responses=True)
        async with client, client.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            # The subscription's own confirmation comes first.
            while message := await subscription.get_message(timeout=self._limits.relay_silence):
                if message["type"] == "message":
                    self._hear(message["data"])

    def _hear(self, payload: str) -> None:
        self._last = time.monotonic()
        if self._was_live is not True:
            self._note(is_live=True, reason="heard")
            # What was said while nobody listened concerns anybody.
            self._heard(None)
        if payload != BEAT:
            people = payload.split(",")
            self._heard([int(person) for person in people] if all(map(str.isdecimal, people)) else None)

    def _note(self, *, is_live: bool, reason: str) -> None:
        if is_live != self._was_live:
            self._was_live = is_live
            (log.info if is_live else log.warning)("relay_heard" if is_live else "relay_silent", reason=reason)
