"""A real local mail server, and a letter to send."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from flask import Flask

import tasks.base
from app.core.outbox import Task, TaskState, enqueue
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.mail.letters import Letter, Person
from tests.factories import CandidateFactory
from tests.mail.smtp_server import Mailbox, serving


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with serving() as made:
        yield made


@pytest.fixture
def letter() -> Letter:
    to = Person("Nguyễn Thị Phương Thảo", "thao@example.com")
    return Letter(to, "Mời phỏng vấn: Kỹ sư dữ liệu", "Xin chào\n", "<p>Xin chào</p>\n")


@pytest.fixture
def context() -> Iterator[Flask]:
    """An application that knows no more than signing a Message-ID needs."""
    made = Flask(__name__)
    made.config["SECRET_KEY"] = "a-secret-key-that-only-the-tests-know-0123456789"
    with made.app_context():
        yield made


@pytest.fixture
def mail_app(committed_app: APIFlask, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> APIFlask:
    """Real commits: the application that the workers' tasks run in, with the test's mail server."""
    committed_app.config["SMTP_URL"] = mailbox.url
    monkeypatch.setattr(tasks.base, "flask_app", committed_app)
    return committed_app


@pytest.fixture
def accept(mail_app: APIFlask) -> Callable[[str, dict[str, Any]], int]:
    """Commit a task and return its id."""

    def accepted(name: str, args: dict[str, Any]) -> int:
        with mail_app.app_context(), unit_of_work():
            return enqueue(name, args)

    return accepted


@pytest.fixture
def user_id(mail_app: APIFlask) -> int:
    with mail_app.app_context(), unit_of_work():
        return int(CandidateFactory().id)


def ended(app: APIFlask, task_id: int) -> tuple[TaskState, str | None]:
    with app.app_context():
        task = db.session.get(Task, task_id)
        assert task is not None
        return TaskState(task.state), task.error
