"""The Flask-Caching backend: bytes on Redis, one GET a hit, invalidation that a slow reader cannot undo, one load a miss.

A key has two companions in Redis: a version (a random mark, replaced by each invalidation) and a lease. A reader that misses takes
the lease, remembers the version, loads, and stores only if the version is still the one it saw; so a value loaded before an
invalidation is refused, also when Redis evicted the mark or was restarted in between. Redis being away costs the cache, never the
answer: short timeouts, and a breaker that leaves it alone for a while. A Redis that could not be told of a change and then comes back
is left behind by the epoch, with which every value begins (see cache_epoch).
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from cachelib.base import BaseCache
from flask import Flask
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.core.background import Background
from app.core.cache_epoch import RENEW_EVERY, TAG_BYTES, DatabaseEpoch, Epoch
from app.core.thread_connections import ThreadConnections

log = structlog.get_logger()

TIMEOUT = 0.2
BREAKER_SECONDS = 2.0
LEASE_MS = 3000
WAIT_STEP = 0.01
PATIENCE = 5.0
BATCH = 500

# Returns {version, lease taken?}: KEYS version, lease; ARGV fresh mark, holder, version ttl (s), lease ttl (ms).
_BEGIN = """
local version = redis.call('GET', KEYS[1])
if not version then version = ARGV[1] end
redis.call('SET', KEYS[1], version, 'EX', ARGV[3])
local taken = redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[4])
return {version, taken and 1 or 0}
"""
# Stores only under the version that the loader saw: KEYS value, version, lease; ARGV version, holder, value, ttl (ms).
_STORE = """
if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
"""


@dataclass(frozen=True)
class _Claim:
    """A reader's right to store what it loads: under the version and in the epoch that held before it began."""

    tag: bytes
    version: bytes
    holder: str


class VersionedRedisCache(BaseCache):
    """A cachelib backend whose values are bytes; `get_or_load` and `invalidate` carry the coherence."""

    def __init__(self, client: redis.Redis, epoch: Epoch, *, prefix: str = "cache:", default_timeout: int = 300) -> None:
        super().__init__(default_timeout)
        self._redis = client
        self._own_connection = ThreadConnections(client)
        self._epoch = epoch
        self._prefix = prefix
        self._begin = client.register_script(_BEGIN)
        self._store = client.register_script(_STORE)
        self._closed_until = 0.0
        self._flights: dict[str, threading.Event] = {}
        self._joining = threading.Lock()

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "VersionedRedisCache":
        """What Flask-Caching calls for `CACHE_TYPE`."""
        client = redis.Redis.from_url(config["CACHE_REDIS_URL"], socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0))
        epoch = DatabaseEpoch()
        Background.of(app).every(RENEW_EVERY, epoch.renew)
        return cls(client, epoch, prefix=config["CACHE_KEY_PREFIX"], default_timeout=config["CACHE_DEFAULT_TIMEOUT"])

    def get(self, key: str) -> bytes | None:
        """The stored bytes, or None when there are none or the cache is away."""
        tag = self._epoch.tag()
        return self._get(key, tag) if tag is not None else None

    def peek(self, key: str) -> bytes | None:
        """The stored bytes if one GET brings them and nothing else is needed: no database, no application context."""
        tag = self._epoch.known()
        return self._get(key, tag) if tag is not None else None

    def get_or_load(self, key: str, load: Callable[[], tuple[bytes, float]]) -> bytes:
        """The stored bytes, else those of `load() -> (bytes, seconds to keep)`, called once however many ask at a time."""
        deadline = time.monotonic() + PATIENCE
        while True:
            tag = self._epoch.tag()
            found = self._get(key, tag) if tag is not None else None
            if found is not None:
                return found
            if tag is None or self._is_open() or time.monotonic() > deadline:
                return load()[0]
            flight, is_leader = self._join(key)
            if is_leader:
                return self._lead(key, flight, load)
            # Afterwards each follower asks the cache itself: what the leader loaded may be older than a change acknowledged since.
            flight.wait(deadline - time.monotonic())

    def invalidate(self, *keys: str) -> None:
        """Forget the values and refuse those being loaded now: on return no process serves what was true before the call."""
        if not self.forget(*keys):
            self._epoch.advance()

    def forget(self, *keys: str) -> bool:
        """As `invalidate`, for values that may be a little old: False when the cache could not be told."""
        batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
        return all(self._forget(batch) or self._forget(batch) for batch in batches)

    def delete(self, key: str) -> bool:
        """cachelib's name for invalidating one key."""
        self.invalidate(key)
        return True

    def is_reachable(self) -> bool:
        """Whether the cache answers now."""
        return bool(self._try(self._redis.ping, default=False, even_if_open=True))

    def _get(self, key: str, tag: bytes) -> bytes | None:
        found: bytes | None = self._try(lambda: self._own_connection.get(self._prefix + key))
        return found[TAG_BYTES:] if found is not None and found.startswith(tag) else None

    def _join(self, key: str) -> tuple[threading.Event, bool]:
        """The event that ends this process's present load of `key`, and whether the caller is the one who loads."""
        with self._joining:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            self._flights[key] = flight = threading.Event()
            return flight, True

    def _lead(self, key: str, flight: threading.Event, load: Callable[[], tuple[bytes, float]]) -> bytes:
        """Load for all who wait, unless another process did meanwhile or the cache is away."""
        try:
            found = self._wait_or_claim(key)
            if isinstance(found, _Claim):
                return self._load_and_store(key, found, load)
        finally:
            with self._joining:
                del self._flights[key]
            flight.set()
        return found if found is not None else load()[0]

    def _wait_or_claim(self, key: str) -> bytes | _Claim | None:
        """Wait for the process that holds the lease; when it takes too long or is gone, load beside it."""
        deadline = time.monotonic() + LEASE_MS / 1000
        holder = secrets.token_hex(8)
        while (tag := self._epoch.tag()) is not None:
            found = self._get(key, tag)
            if found is not None:
                return found
            begun = self._begin_load(key, holder)
            if begun is None:
                return None
            version, is_leased = begun
            if is_leased or time.monotonic() > deadline:
                return _Claim(tag, version, holder)
            time.sleep(WAIT_STEP)
        return None

    def _begin_load(self, key: str, holder: str) -> tuple[bytes, int] | None:
        arguments: list[str | int] = [secrets.token_hex(8), holder, self._version_seconds, LEASE_MS]
        begun: tuple[bytes, int] | None = self._try(lambda: self._begin(self._companions(key), arguments))
        return begun

    def _load_and_store(self, key: str, claim: _Claim, load: Callable[[], tuple[bytes, float]]) -> bytes:
        try:
            value, seconds = load()
        except BaseException:
            self._finish(key, claim, version=b"", stored=b"", seconds=1)
            raise
        self._finish(key, claim, version=claim.version, stored=claim.tag + value, seconds=seconds)
        return value

    def _finish(self, key: str, claim: _Claim, *, version: bytes, stored: bytes, seconds: float) -> None:
        """Give the lease back and store, unless `version` has been replaced (an empty one never holds)."""
        arguments: list[bytes | str | int] = [version, claim.holder, stored, max(1, round(seconds * 1000))]
        self._try(lambda: self._store([self._prefix + key, *self._companions(key)], arguments))

    def _forget(self, keys: tuple[str, ...]) -> bool:
        return bool(self._try(lambda: self._replace_versions(keys), default=False, even_if_open=True))

    def _replace_versions(self, keys: tuple[str, ...]) -> bool:
        with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                version_key, lease_key = self._companions(key)
                pipe.set(version_key, secrets.token_hex(8), ex=self._version_seconds)
                pipe.delete(self._prefix + key, lease_key)
            pipe.execute()
        return True

    @property
    def _version_seconds(self) -> int:
        return 2 * max(self.default_timeout, 60)

    def _companions(self, key: str) -> list[str]:
        return [f"{self._prefix}{key}:version", f"{self._prefix}{key}:lease"]

    def _is_open(self) -> bool:
        return time.monotonic() < self._closed_until

    def _try(self, call: Callable[[], Any], *, default: Any = None, even_if_open: bool = False) -> Any:
        if self._is_open() and not even_if_open:
            return default
        try:
            return call()
        except (RedisError, OSError) as error:
            self._closed_until = time.monotonic() + BREAKER_SECONDS
            log.warning("cache_unavailable", error=str(error))
            return default


factory = VersionedRedisCache.factory
