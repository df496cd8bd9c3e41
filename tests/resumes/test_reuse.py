"""A stored PDF is used again exactly as long as it shows the present content, and edits during a render lead to one more and no further."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.core import leases
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes import pdf, service
from app.resumes.models import Resume
from app.resumes.rendering import digest
from tasks import base
from tasks import pdf as pdf_queue
from tests.factories import CandidateFactory, ResumeFactory

# An edit, a request for the PDF.
EDIT, ASK = "EA"
INTERLEAVINGS = ["".join(events) for events in product("EA", repeat=4)]


@pytest.fixture(autouse=True)
def fresh_engine() -> Iterator[None]:
    digest.engine.cache_clear()
    yield
    digest.engine.cache_clear()


def test_the_key_changes_with_the_version_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest.content_hash({"title": "x"}, "classic")
    monkeypatch.setattr(digest, "version", lambda package: "70.1")
    digest.engine.cache_clear()

    assert digest.content_hash({"title": "x"}, "classic") != before


def test_the_key_changes_with_a_font(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("app.core.printing.FONT_FILES", tmp_path)
    (tmp_path / "A.ttf").write_bytes(b"one")
    first = digest.content_hash({"title": "x"}, "classic")
    (tmp_path / "A.ttf").write_bytes(b"two")
    digest.engine.cache_clear()

    assert digest.content_hash({"title": "x"}, "classic") != first


def test_the_key_changes_with_the_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest.content_hash({"title": "x"}, "classic")
    monkeypatch.setattr(digest, "RENDERER_VERSION", digest.RENDERER_VERSION + 1)

    assert digest.content_hash({"title": "x"}, "classic") != before


class Bench:
    """A résumé, its owner's edits and requests, and renders that may be held in the middle or lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, app: APIFlask) -> None:
        self.printed: list[str] = []
        self.due_meanwhile: list[int] = []
        self.meanwhile = ""
        self.edits = 0
        monkeypatch.setattr(base, "flask_app", app)
        monkeypatch.setattr(pdf_queue, "print_draft", self._print)
        with unit_of_work():
            owner: User = CandidateFactory()
            self.owner_id, self.resume_id = owner.id, ResumeFactory(user_id=owner.id, title="0").id

    def _print(self, draft: pdf.Draft) -> bytes:
        self.printed.append(draft.content["title"])
        events, self.meanwhile = self.meanwhile, ""
        self.do(events)
        # What an idle worker beside this one would take.
        self.due_meanwhile += db.session.scalars(self._due())
        return draft.content["title"].encode()

    def do(self, events: str) -> None:
        for event in events:
            with unit_of_work():
                if event == EDIT:
                    self.edits += 1
                    service.edit(self.owner_id, self.resume_id, {"title": str(self.edits)})
                else:
                    pdf.request_pdf(self.owner_id, self.resume_id, before_render=lambda: None)

    def drain(self) -> None:
        """Run the tasks that wait, oldest first, as a worker does."""
        while (task_id := db.session.scalar(self._due().limit(1))) is not None:
            db.session.commit()
            pdf_queue.render(task_id)

    def lose_worker(self, events: str) -> None:
        """A worker begins the render that waits and is lost; the events happen before its lease runs out and the sweeper finds it."""
        task_id = db.session.scalars(self._waiting()).one()
        with unit_of_work():
            claimed = leases.claim(task_id, lease=base.LEASE_MARGIN)
            assert claimed is not None
            draft = pdf.begin_render(claimed)
            assert draft is not None
        self.do(events)
        with unit_of_work():
            db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=func.clock_timestamp()))
        with unit_of_work():
            assert leases.sweep().reclaimed == 1

    def _waiting(self) -> Any:
        return select(Task.id).where(Task.name == pdf.TASK, Task.state == TaskState.PENDING).order_by(Task.id)

    def _due(self) -> Any:
        return self._waiting().where(Task.run_after <= func.clock_timestamp())

    def status(self) -> str:
        return str(db.session.scalars(select(Resume.pdf_status).where(Resume.id == self.resume_id)).one())


@pytest.fixture
def bench(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Commits are savepoints here, which is enough for one process."""
    return Bench(monkeypatch, app)


@pytest.mark.parametrize("events", INTERLEAVINGS)
def test_however_edits_and_requests_follow_during_a_render_it_is_followed_by_one_more_or_none(bench: Bench, events: str) -> None:
    bench.do(ASK)
    bench.meanwhile = events

    bench.drain()

    # One that was asked for after an edit, in whatever state the résumé is by the time that it begins.
    is_asked_for = EDIT in events and ASK in events[events.index(EDIT) :]
    assert bench.printed == (["0", str(bench.edits)] if is_asked_for else ["0"])
    assert bench.due_meanwhile == []
    assert bench.status() == ("READY" if is_asked_for or EDIT not in events else "NONE")


@pytest.mark.parametrize("events", INTERLEAVINGS)
def test_however_they_follow_before_a_lost_worker_is_missed_there_is_one_more_render(bench: Bench, events: str) -> None:
    bench.do(ASK)

    bench.lose_worker(events)
    bench.drain()

    assert (bench.printed, bench.status()) == ([str(bench.edits)], "READY")


def test_the_next_render_begins_when_the_one_under_way_has_failed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(draft: pdf.Draft) -> bytes:
        bench.do(EDIT + ASK)
        monkeypatch.setattr(pdf_queue, "print_draft", bench._print)
        raise base.Permanent("It cannot be printed.")

    bench.do(ASK)
    monkeypatch.setattr(pdf_queue, "print_draft", fail)

    bench.drain()

    assert (bench.printed, bench.status()) == (["1"], "READY")


def test_an_unchanged_resume_is_ready_without_a_render(bench: Bench) -> None:
    bench.do(ASK)
    bench.drain()

    bench.do(ASK * 3)
    bench.drain()

    assert (bench.printed, bench.status()) == (["0"], "READY")


def test_a_new_version_of_the_renderer_prints_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.do(ASK)
    bench.drain()
    monkeypatch.setattr(digest, "RENDERER_VERSION", digest.RENDERER_VERSION + 1)

    bench.do(ASK)
    bench.drain()

    assert (bench.printed, bench.status()) == (["0", "0"], "READY")
