"""Whether each back end answers, asked in parallel with short timeouts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import redis
import structlog
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import storage
from app.extensions import db, job_cache
from app.search import choice
from app.search.elastic import indices
from app.search.elastic.client import client, failures
from app.search.engine import EngineAway

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
    if not choice.is_elastic():
        return Health("ok", "PostgreSQL full text; Elasticsearch is not configured.")
    try:
        with failures():
            answer = client().options(request_timeout=TIMEOUT).cluster.health(index=f"{indices.family()}*", level="indices")
            index = indices.live()
            if index is not None and answer["indices"].get(index, {}).get("status") != "red":
                # A closed index is healthy, too, but is not searched.
                client().options(request_timeout=TIMEOUT).search(index=indices.family(), size=0, allow_partial_search_results=False)
    except EngineAway as error:
        return Health("away", f"Searches are answered by PostgreSQL: {error}.")
    if index is None:
        return Health("away", "Searches are answered by PostgreSQL until `flask search prepare` has made an index.")
    if answer["indices"].get(index, {}).get("status") == "red":
        return Health("away", "Searches are answered by PostgreSQL: Elasticsearch's index is red.")
    return Health("ok")


def _storage() -> Health:
    return Health("ok") if storage.is_reachable() else Health("away", "Files can be neither stored nor read.")
