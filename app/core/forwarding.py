"""Passing PostgreSQL's word that events have committed on to the stream processes, by Redis. A thread of the relay."""

import threading
from collections.abc import Iterator

import psycopg
import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from streams.protocol import BEAT, BEAT_SECONDS, CHANNEL

log = structlog.get_logger()
_PAUSE = 1.0
_TIMEOUT = 1.0


class Forwarder:
    """Wake-ups may be lost, as when Redis is away: streams look for themselves when they hear no beat."""

    def __init__(self, database_url: str, redis_url: str, stopping: threading.Event) -> None:
        self._listen_url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._redis_url = redis_url
        self._stopping = stopping

    def run(self) -> None:
        """Forward until `stopping` is set. Outages are waited out."""
        while not self._stopping.is_set():
            try:
                self._forward()
            except (psycopg.Error, RedisError, OSError) as error:
                log.warning("events_not_forwarded", error=str(error).split("\n", 1)[0])
                self._stopping.wait(_PAUSE)

    def _forward(self) -> None:
        client = redis.Redis.from_url(self._redis_url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 0))
        with client, psycopg.connect(self._listen_url, autocommit=True, connect_timeout=3) as database:
            database.execute(f"LISTEN {CHANNEL}")
            # What committed while nobody listened concerns anybody.
            client.publish(CHANNEL, "")
            while not self._stopping.is_set():
                for payload in self._heard(database):
                    client.publish(CHANNEL, payload)

    def _heard(self, database: psycopg.Connection) -> Iterator[str]:
        """Each wake-up as it comes, and a beat when a while is over."""
        for notice in database.notifies(timeout=BEAT_SECONDS):
            yield notice.payload
        yield BEAT
