"""What several payment tests need."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from apiflask import APIFlask
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.extensions import db
from config import Settings
from tasks import base
from tests import factories
from tests.conftest import cloned, empty_redis, settings_for


class QuietHandler(WSGIRequestHandler):
    """Keeps the test's output clean."""

    def log(self, kind: str, message: str, *values: object) -> None:
        """Nothing."""


@pytest.fixture
def make_settings(template_database: str, worker_number: int, tmp_path: Path) -> Callable[..., Settings]:
    """The test settings with other values."""
    return partial(settings_for, template_database, worker_number, tmp_path)


@pytest.fixture
def served_app(template_database: str, worker_number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """The application behind a real port with real commits, so that it and the local gateway call each other; the tasks work on it too."""
    server = make_server("127.0.0.1", 0, lambda environ, start: made.wsgi_app(environ, start), threaded=True, request_handler=QuietHandler)
    with cloned(template_database, "served") as url:
        settings = settings_for(url, worker_number, tmp_path / "storage", public_url=f"http://127.0.0.1:{server.server_port}")
        made = create_app(settings)
        empty_redis(settings)
        factories.use(db.session)
        monkeypatch.setattr(base, "flask_app", made)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join(10)
        server.server_close()
        with made.app_context():
            db.session.remove()
            db.engine.dispose()
