"""Times and tasks, as several tests of applications need them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask

from app.core.clock import now
from app.core.outbox import Task
from app.extensions import db
from tests.applications.export_desk import Desk


@pytest.fixture
def tomorrow() -> datetime:
    """A whole second a day from now."""
    return (now() + timedelta(days=1)).replace(microsecond=0)


@pytest.fixture
def queued(app: APIFlask) -> Callable[[str], list[dict[str, Any]]]:
    """The arguments of the tasks of one name that have been committed, oldest first."""

    def of_name(name: str) -> list[dict[str, Any]]:
        return [task.args for task in db.session.query(Task).filter_by(name=name).order_by(Task.id)]

    return of_name


@pytest.fixture
def desk(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with committed_app.app_context():
        yield Desk(committed_app, monkeypatch)
