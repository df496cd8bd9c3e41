"""What the local gateway remembers of its orders: a bank's own books, kept apart from the shop's, in Redis for some days."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import redis
from flask import current_app

KEPT = timedelta(days=7)
PREFIX = "local-gateway:"


def load(kind: str, name: str) -> dict[str, Any] | None:
    """What was saved under that name, or None."""
    with _redis() as client:
        found: Any = client.get(f"{PREFIX}{kind}:{name}")
    return json.loads(found) if found else None


def save(kind: str, name: str, value: dict[str, Any]) -> None:
    """Keep `value`, which is plain JSON, in place of what was there."""
    with _redis() as client:
        client.set(f"{PREFIX}{kind}:{name}", json.dumps(value), ex=KEPT)


@contextmanager
def held(kind: str, name: str) -> Iterator[None]:
    """Nobody else changes what is kept under that name meanwhile: a bank's books count two refunds at once as two."""
    with _redis() as client, client.lock(f"{PREFIX}held:{kind}:{name}", timeout=60, blocking_timeout=30):
        yield


def _redis() -> redis.Redis:
    return redis.Redis.from_url(current_app.config["REDIS_URL"], socket_timeout=5, socket_connect_timeout=2)
