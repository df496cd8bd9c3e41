"""An application with real commits and a cache server that a test may stop; one posting on it."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app import create_app
from app.accounts import sessions
from app.extensions import db
from app.jobs.models import Job
from tests import factories
from tests.conftest import cloned, empty_redis, settings_for
from tests.factories import JobFactory
from tests.jobs.private_redis import PrivateRedis


@dataclass(frozen=True)
class Posting:
    """An open job and its owner's access token."""

    app: APIFlask
    id: int
    token: str

    @property
    def path(self) -> str:
        return f"/api/v1/jobs/{self.id}/"

    def client(self) -> FlaskClient:
        """A caller for one thread."""
        return self.app.test_client(use_cookies=False)

    def rename(self, title: str) -> int:
        """Change the title as its owner does; the status of the answer."""
        return self.client().patch(self.path, json={"title": title}, headers={"Authorization": f"Bearer {self.token}"}).status_code

    def title(self) -> str:
        """What the public reads."""
        return str(self.client().get(self.path).json["title"])


@pytest.fixture
def private_redis() -> Iterator[PrivateRedis]:
    """A running cache server that nothing else uses."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = PrivateRedis(folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def cut_off(posting: Posting) -> Iterator[Posting]:
    """The same posting through an application, as in another process, that has lost its way to the cache."""
    settings = posting.app.extensions["settings"].model_copy(update={"redis_cache_url": "unix:///nowhere/redis.sock?db=0"})
    app = create_app(settings)
    yield replace(posting, app=app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def posting(template_database: str, worker_number: int, tmp_path: Path, private_redis: PrivateRedis) -> Iterator[Posting]:
    """A job on a database of its own, cached on `private_redis`."""
    with cloned(template_database, "board") as url:
        app = create_app(settings_for(url, worker_number, tmp_path / "storage", redis_cache_url=private_redis.url))
        empty_redis(app.extensions["settings"])
        factories.use(db.session)
        with app.app_context():
            job: Job = JobFactory(title="Bản 0")
            token = sessions.open_session(job.company.owner).access
            db.session.commit()
            made = Posting(app, job.id, token)
        yield made
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
