"""Real PostgreSQL and Redis, given by `DATABASE_URL`, `REDIS_URL` and `REDIS_CACHE_URL` (bin/test starts both).

`app` runs each test inside an outer transaction that is rolled back; `committed_app` works on a database of its own, cloned from the
migrated template, for what needs a real commit: notifications, leases, locks, deferred constraints.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from apiflask import APIFlask
from flask import has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event

from app import create_app
from app.accounts import sessions
from app.accounts.models import User
from app.applications.models import Application
from app.extensions import db, limiter
from config import Settings, load_settings
from tests import factories

# What a developer has in `.env`, or serves in this checkout, must not change what the tests see.
Settings.model_config["env_file"] = None


class Caller(FlaskClient):
    """A client whose requests get an application context of their own, as under a server; the test then reads fresh rows."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            answer = super().open(*args, **{"buffered": True, **kwargs})
        if has_app_context():
            db.session.expire_all()
        return answer


UNLIMITED = {name: "" for name in Settings.model_fields if name.endswith("_rate")}


def plain(url: str) -> str:
    """The address as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(plain(url))._replace(path=f"/{name}").geturl()


@contextmanager
def administration(url: str) -> Iterator[psycopg.Connection]:
    """A connection that may create and drop databases."""
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        yield connection


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drop it although sessions of its tests are still open.

    ``WITH (FORCE)`` refuses while autovacuum works in the database, because that process belongs to a superuser and not to the role of the tests;
    the plain command sends autovacuum away by itself.
    """
    connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = current_user", (name,))
    connection.execute(f'DROP DATABASE "{name}"')


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """0 without xdist, else 1, 2, ...: what keeps parallel test processes apart."""
    return 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1


@pytest.fixture(scope="session")
def template_database(worker_number: int) -> Iterator[str]:
    """A migrated database that nobody connects to, so that it can be cloned; its address."""
    base = os.environ["DATABASE_URL"]
    name = f"jobboard_template_{os.getpid()}_{worker_number}"
    with administration(base) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = with_database(base, name)
    migrating = create_app(load_settings(environment="test", database_url=url))
    with migrating.app_context():
        upgrade()
        db.engine.dispose()
    yield url
    with administration(base) as connection:
        drop_database(connection, name)


@contextmanager
def cloned(template: str, purpose: str) -> Iterator[str]:
    """A fresh copy of the template; its address."""
    source = urlsplit(template).path.lstrip("/")
    name = f"{source}_{purpose}"
    with administration(template) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    try:
        yield with_database(template, name)
    finally:
        with administration(template) as connection:
            drop_database(connection, name)


def settings_for(database_url: str, worker_number: int, storage: Path, **overrides: Any) -> Settings:
    """The test settings of one test process: Redis database numbers of its own, no rates, files in a temporary folder."""
    state, cache = os.environ["REDIS_URL"], os.environ.get("REDIS_CACHE_URL") or os.environ["REDIS_URL"]
    values: dict[str, Any] = {
        "environment": "test",
        "database_url": database_url,
        "redis_url": urlsplit(state)._replace(path=f"/{2 * worker_number}").geturl(),
        "redis_cache_url": urlsplit(cache)._replace(path=f"/{2 * worker_number + 1}").geturl(),
        "storage_url": f"file://{storage}",
        "secret_key": "a-secret-key-that-only-the-tests-know-0123456789",
        "elasticsearch_url": "",
        "smtp_url": "",
        **UNLIMITED,
    }
    return load_settings(**{**values, **overrides})


def empty_redis(settings: Settings) -> None:
    """Forget what an earlier test left in this process's Redis databases."""
    for url in (settings.redis_url, settings.redis_cache_url):
        with redis.Redis.from_url(url) as client:
            client.flushdb()


@pytest.fixture(scope="session")
def shared_app(template_database: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    """One application per test process, on its own database."""
    with cloned(template_database, "shared") as url:
        made = create_app(settings_for(url, worker_number, tmp_path_factory.mktemp("storage")))
        made.test_client_class = Caller
        yield made
        with made.app_context():
            db.engine.dispose()


@pytest.fixture
def app(shared_app: APIFlask) -> Iterator[APIFlask]:
    """The application with an open context; everything that the test commits is rolled back at its end."""
    empty_redis(shared_app.extensions["settings"])
    with shared_app.app_context():
        engines = db._app_engines[shared_app]
        engine = engines[None]
        with engine.connect() as connection:
            transaction = connection.begin()
            engines[None] = connection  # type: ignore[assignment]
            factories.use(db.session)
            try:
                yield shared_app
            finally:
                db.session.remove()
                transaction.rollback()
                engines[None] = engine


@pytest.fixture
def committed_app(template_database: str, worker_number: int, tmp_path: Path) -> Iterator[APIFlask]:
    """An application on a database of its own in which commits are real; no context is open."""
    with cloned(template_database, "committed") as url:
        made = create_app(settings_for(url, worker_number, tmp_path / "storage"))
        empty_redis(made.extensions["settings"])
        factories.use(db.session)
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def worker_app(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> APIFlask:
    """`committed_app`, with the workers' tasks working on it too when they are called."""
    monkeypatch.setattr("tasks.base.flask_app", committed_app)
    return committed_app


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Rates that a test sets do not leak into the next one through the in-memory fallback."""
    yield
    limiter._storage_dead = False
    if limiter._fallback_limiter is not None:
        limiter._fallback_limiter.storage.reset()


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    """An anonymous caller; it keeps no cookies."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def sign_in(app: APIFlask) -> Callable[[User], FlaskClient]:
    """A caller that sends `user`'s bearer token with every request."""

    def signed_in(user: User) -> FlaskClient:
        access = sessions.open_session(user).access
        db.session.commit()
        caller = app.test_client(use_cookies=False)
        caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {access}"
        return caller

    return signed_in


@pytest.fixture
def application(app: APIFlask) -> Application:
    """An application to an open job; its two sides are `candidate` and `recruiter`."""
    made: Application = factories.ApplicationFactory()
    return made


@pytest.fixture
def candidate(application: Application, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Who applied, signed in."""
    return sign_in(application.candidate)


@pytest.fixture
def recruiter(application: Application, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Whose company offers the job, signed in."""
    return sign_in(application.company.owner)


@pytest.fixture
def count_queries(app: APIFlask) -> Callable[[], Any]:
    """`with count_queries() as statements:` collects the SQL statements sent meanwhile, savepoints left out."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if "SAVEPOINT" not in statement:
                statements.append(statement)

        connection = db.engine
        event.listen(connection, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(connection, "before_cursor_execute", note)

    return counting
