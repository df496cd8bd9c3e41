"""One running system for the end-to-end tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import cloned, empty_redis, settings_for
from tests.e2e.system import System


@pytest.fixture(scope="module")
def system(template_database: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system, with a small demo board loaded."""
    folder: Path = tmp_path_factory.mktemp("system")
    with cloned(template_database, "system") as url:
        settings = settings_for(url, worker_number, folder / "storage")
        empty_redis(settings)
        environment = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": url,
            "REDIS_URL": settings.redis_url,
            "REDIS_CACHE_URL": settings.redis_cache_url,
            "STORAGE_URL": settings.storage_url,
            "MAIL_FOLDER": str(folder / "mail"),
        }
        running = System(environment, folder)
        try:
            running.run("flask", "--app", "wsgi", "demo", "load", "--jobs", "30")
            running.start()
            yield running
        finally:
            running.stop()
