"""Whether each back end answers, asked in parallel with short timeouts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import redis
import structlog
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import storage
from app.extensions import db, job_cache

log = structlog.get_logger()
TIMEOUT = 1.0


@dataclass(frozen=True)
class Health:
    """One back end's state: `ok`, `away`, or `not configured`."""

    status: str
    detail: str | None = None

    @property
    def is_fine(self) -> bool:
        return self.status != "away"


def check_all() -> dict[str, Health]:
    """Every back end by name. PostgreSQL is the only one that the API cannot do without."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # The proxy's own method.
    checks: dict[str, Callable[[], Health]] = {
        "postgresql": _postgresql,
        "redis": _redis,
        "cache": _cache,
        "search": _search,
        "storage": _storage,
    }

    def run(check: Callable[[], Health]) -> Health:
        with app.app_context():
            return check()

    with ThreadPoolExecutor(len(checks)) as pool:
        return dict(zip(checks, pool.map(run, checks.values()), strict=True))


def _postgresql() -> Health:
    try:
        db.session.execute(text("SELECT 1 FROM alembic_version"))
        return Health("ok")
    except SQLAlchemyError as error:
        log.warning("postgresql_away", error=str(error).split("\n", 1)[0])
        return Health("away", "The database does not answer, or has not been migrated.")


def _redis() -> Health:
    url = current_app.config["REDIS_URL"]
    try:
        with redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
        return Health("ok")
    except (RedisError, OSError):
        return Health("away", "Tasks wait in the outbox; rates are counted per process.")


def _cache() -> Health:
    return Health("ok") if job_cache().is_reachable() else Health("away", "Every read goes to the database.")


def _search() -> Health:
    url = current_app.config["ELASTICSEARCH_URL"]
    if not url:
        return Health("ok", "PostgreSQL full text; Elasticsearch is not configured.")
    try:
        Elasticsearch(url, request_timeout=TIMEOUT, max_retries=0).cluster.health()
        return Health("ok")
    except (ApiError, TransportError):
        return Health("away", "Searches are answered by PostgreSQL.")


def _storage() -> Health:
    return Health("ok") if storage.is_reachable() else Health("away", "Files can be neither stored nor read.")
