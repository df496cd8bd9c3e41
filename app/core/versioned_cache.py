"""The Flask-Caching backend: bytes on Redis, one GET a hit, invalidation that a slow reader cannot undo, one load a miss.

A key has two companions in Redis: a version (a random mark, replaced by each invalidation) and a lease. A reader that misses takes
the lease, remembers the version, loads, and stores only if the version is still the one it saw; so a value loaded before an
invalidation is refused, also when Redis evicted the mark or was restarted in between. Redis being away costs the cache, never the
answer: short timeouts, and a breaker that leaves it alone for a while.
"""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from cachelib.base import BaseCache
from flask import Flask
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger()

TIMEOUT = 0.2
BREAKER_SECONDS = 2.0
LEASE_MS = 3000
WAIT_STEP = 0.01
TURNS = 256

# Returns {version, lease taken?}: KEYS version, lease; ARGV fresh mark, holder, version ttl (s), lease ttl (ms).
_BEGIN = """
local version = redis.call('GET', KEYS[1])
if not version then version = ARGV[1] end
redis.call('SET', KEYS[1], version, 'EX', ARGV[3])
local taken = redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[4])
return {version, taken and 1 or 0}
"""
# Stores only under the version that the loader saw: KEYS value, version, lease; ARGV version, holder, value, ttl (s).
_STORE = """
if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
return 1
"""


class VersionedRedisCache(BaseCache):
    """A cachelib backend whose values are bytes; `get_or_load` and `invalidate` carry the coherence."""

    def __init__(self, client: redis.Redis, *, prefix: str = "cache:", default_timeout: int = 300) -> None:
        super().__init__(default_timeout)
        self._redis = client
        self._prefix = prefix
        self._begin = client.register_script(_BEGIN)
        self._store = client.register_script(_STORE)
        self._closed_until = 0.0
        self._turns = [threading.Lock() for _ in range(TURNS)]

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "VersionedRedisCache":
        """What Flask-Caching calls for `CACHE_TYPE`."""
        client = redis.Redis.from_url(config["CACHE_REDIS_URL"], socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0))
        return cls(client, prefix=config["CACHE_KEY_PREFIX"], default_timeout=config["CACHE_DEFAULT_TIMEOUT"])

    def get(self, key: str) -> bytes | None:
        """The stored bytes, or None when there are none or the cache is away."""
        found: bytes | None = self._try(lambda: self._redis.get(self._prefix + key))
        return found

    def get_or_load(self, key: str, load: Callable[[], tuple[bytes, int]]) -> bytes:
        """The stored bytes, else those of `load() -> (bytes, seconds to keep)`, called once however many ask at a time."""
        found = self.get(key)
        if found is not None:
            return found
        if self._is_open():
            return load()[0]
        with self._turns[hash(key) % TURNS]:
            return self._load_in_turn(key, load)

    def invalidate(self, *keys: str) -> bool:
        """Forget the values and refuse those being loaded now. False when the cache could not be told."""
        if not keys:
            return True
        return self._try(lambda: self._invalidate(keys), default=False, even_if_open=True) is not False

    def delete(self, key: str) -> bool:
        """cachelib's name for invalidating one key."""
        return self.invalidate(key)

    def is_reachable(self) -> bool:
        """Whether the cache answers now."""
        return bool(self._try(self._redis.ping, default=False, even_if_open=True))

    def _load_in_turn(self, key: str, load: Callable[[], tuple[bytes, int]]) -> bytes:
        deadline = time.monotonic() + LEASE_MS / 1000
        holder = secrets.token_hex(8)
        version_key, lease_key = self._companions(key)
        while True:
            found = self.get(key)
            if found is not None:
                return found
            begun = self._try(
                lambda: self._begin([version_key, lease_key], [secrets.token_hex(8), holder, 2 * max(self.default_timeout, 60), LEASE_MS])
            )
            if begun is None or begun[1] or time.monotonic() > deadline:
                break
            time.sleep(WAIT_STEP)
        value, seconds = load()
        if begun is not None:
            self._try(lambda: self._store([self._prefix + key, version_key, lease_key], [begun[0], holder, value, seconds]))
        return value

    def _invalidate(self, keys: tuple[str, ...]) -> bool:
        with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                version_key, lease_key = self._companions(key)
                pipe.set(version_key, secrets.token_hex(8), ex=2 * max(self.default_timeout, 60))
                pipe.delete(self._prefix + key, lease_key)
            pipe.execute()
        return True

    def _companions(self, key: str) -> tuple[str, str]:
        return f"{self._prefix}{key}:version", f"{self._prefix}{key}:lease"

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
