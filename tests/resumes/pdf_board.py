"""One candidate's résumé and the worker's side of the pdf queue, with real commits."""

from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts import sessions
from app.core import storage
from app.core.outbox import Task
from app.core.storage import StoredFile
from app.extensions import db
from app.resumes.pdf import Draft
from tasks import base
from tasks import pdf as pdf_queue
from tests.factories import CandidateFactory

URL = "/api/v1/resumes/"


class Board:
    """One candidate with one résumé on a database with real commits, and the worker's side of the pdf queue."""

    def __init__(self, app: APIFlask, monkeypatch: pytest.MonkeyPatch, resume: dict[str, Any]) -> None:
        self.app = app
        self.printed: list[str] = []
        self.meanwhile: Callable[[], Any] = lambda: None
        monkeypatch.setattr(base, "flask_app", app)
        monkeypatch.setattr(pdf_queue, "print_draft", self._print)
        with app.app_context():
            user = CandidateFactory()
            token = sessions.open_session(user).access
            db.session.commit()
        self.caller: FlaskClient = app.test_client(use_cookies=False)
        self.caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        self.resume_id: int = self.caller.post(URL, json=resume).json["id"]
        self.path = f"{URL}{self.resume_id}/"

    def _print(self, draft: Draft) -> bytes:
        """Stands in for the layout: notes the title that would be printed, and lets something happen meanwhile."""
        assert not db.session().in_transaction(), "no transaction stays open during the layout"
        if draft.photo is not None:
            assert storage.read(draft.photo).startswith(b"\xff\xd8")
        self.printed.append(draft.content["title"])
        happening, self.meanwhile = self.meanwhile, lambda: None
        happening()
        return f"%PDF {draft.content['title']}".encode()

    def ask(self) -> Any:
        return self.caller.post(f"{self.path}generate-pdf/")

    def edit(self, title: str) -> None:
        assert self.caller.patch(self.path, json={"title": title}).status_code == 200

    def render(self, task_id: int) -> None:
        pdf_queue.render(task_id)

    def status(self) -> str:
        return str(self.caller.get(self.path).json["pdf_status"])

    def task(self, task_id: int) -> Any:
        return self.caller.get(f"/api/v1/tasks/{task_id}/").json

    def stored(self) -> list[str]:
        """The contents of the stored files; each must have its row."""
        with self.app.app_context():
            rows = db.session.scalars(select(StoredFile).order_by(StoredFile.id)).all()
            assert sorted(row.key for row in rows) == sorted(key for key, _ in storage.list_keys())
            return [storage.read(row).decode() for row in rows]

    def news(self) -> list[tuple[str, str]]:
        """Kind and link of what people are to be told."""
        with self.app.app_context():
            told = db.session.scalars(select(Task.args).where(Task.name == "notifications.deliver").order_by(Task.id))
            return [(args["type"], args["link"]) for args in told]

    def tasks(self) -> int:
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(Task).where(Task.name == "pdf.render")) or 0
