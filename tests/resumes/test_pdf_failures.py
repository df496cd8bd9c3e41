"""Renders that fail, lose their worker or their résumé, and what the real renderer makes of a task."""

import errno
import io
import os
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, update

from app.core import leases, storage
from app.core.outbox import Task, TaskState
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes.models import Resume
from tasks import base
from tests.resumes.pdf_board import Board


def test_a_worker_that_was_paused_beyond_its_lease_stores_nothing(board: Board) -> None:
    task_id = board.ask().json["task_id"]

    def be_overtaken() -> None:
        with board.app.app_context(), unit_of_work():
            db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=func.clock_timestamp()))
        with board.app.app_context(), unit_of_work():
            leases.sweep()
        board.render(task_id)

    board.meanwhile = be_overtaken
    board.render(task_id)

    with board.app.app_context():
        rows = db.session.scalar(select(func.count()).select_from(StoredFile))
    assert len(board.printed) == 2
    assert (rows, board.status()) == (1, "READY")


def test_a_fault_in_the_resume_fails_at_once_with_its_sentence(board: Board) -> None:
    def refuse() -> None:
        raise base.Permanent("The résumé is longer than 20 pages.")

    task_id = board.ask().json["task_id"]
    board.meanwhile = refuse
    board.render(task_id)
    failed, download = board.status(), board.caller.get(f"{board.path}download/")
    again = board.ask()

    assert failed == "FAILED"
    assert (board.task(task_id)["status"], board.task(task_id)["error"]) == ("FAILED", "The résumé is longer than 20 pages.")
    assert (download.status_code, download.json["status"]) == (404, "PENDING")
    assert download.json["detail"] == "The PDF could not be made. The résumé is longer than 20 pages."
    assert again.status_code == 202
    assert again.json["task_id"] != task_id


def test_a_failed_render_does_not_fail_the_one_that_took_over(board: Board) -> None:
    def edit_ask_and_refuse() -> None:
        board.edit("Mới")
        board.ask()
        raise base.Permanent("Too long.")

    board.meanwhile = edit_ask_and_refuse
    board.render(board.ask().json["task_id"])

    assert board.status() == "PROCESSING"


def test_a_render_that_loses_its_worker_three_times_is_failed(board: Board) -> None:
    task_id = board.ask().json["task_id"]
    for _ in range(3):
        with board.app.app_context(), unit_of_work():
            claimed = leases.claim(task_id, lease=timedelta())
            assert claimed is not None
        with board.app.app_context(), unit_of_work():
            leases.sweep()

    assert board.status() == "FAILED"
    assert board.task(task_id)["error"] == "The worker was lost on every attempt."


def test_a_render_waits_for_a_storage_that_is_away(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = board.ask().json["task_id"]

    with monkeypatch.context() as away:
        away.setattr(storage, "open_key", _full)
        board.render(task_id)
    with board.app.app_context(), unit_of_work():
        task = db.session.get_one(Task, task_id)
        found = (task.state, task.attempts, task.error)
        task.run_after = func.clock_timestamp()
    waiting = board.status()
    board.render(task_id)

    assert found == (TaskState.PENDING, 0, "The storage is away: [Errno 28] No space left on device")
    assert (waiting, board.status()) == ("PROCESSING", "READY")
    assert board.stored() == ["%PDF Kỹ sư dữ liệu"]


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_deleted_resume_is_not_rendered(board: Board) -> None:
    task_id = board.ask().json["task_id"]
    board.caller.delete(board.path)

    board.render(task_id)

    assert board.printed == []
    assert board.task(task_id)["status"] == "DONE"


def test_a_resume_deleted_during_its_render_leaves_a_consistent_store(board: Board) -> None:
    board.meanwhile = lambda: board.caller.delete(board.path)

    board.render(board.ask().json["task_id"])

    assert board.stored() == ["%PDF Kỹ sư dữ liệu"]
    assert board.news() == []


def test_a_real_render_prints_the_text_literally(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(base, "flask_app", board.app)
    board.caller.patch(board.path, json={"title": "<b>Kỹ sư</b> {{ 7*7 }}", "links": ["https://example.com/?a=1&b=2"]})

    board.render(board.ask().json["task_id"])

    answer = board.caller.get(f"{board.path}download/")
    reader = PdfReader(io.BytesIO(answer.data))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
    assert answer.status_code == 200
    assert "<b>Kỹ sư</b> {{ 7*7 }}" in text
    assert "Lê Minh Đức" in text
    assert reader.attachments == {}


def test_a_real_render_of_a_lost_photo_waits_and_tries_again(
    board: Board, monkeypatch: pytest.MonkeyPatch, picture: Callable[[], io.BytesIO]
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(base, "flask_app", board.app)
    board.caller.patch(board.path, data={"photo": (picture(), "a.png")}, content_type="multipart/form-data")
    task_id = board.ask().json["task_id"]
    with board.app.app_context():
        for key, _ in list(storage.list_keys()):
            storage.delete_key(key)

    board.render(task_id)

    with board.app.app_context():
        task = db.session.get(Task, task_id)
        resume = db.session.get(Resume, board.resume_id)
    assert task is not None
    assert resume is not None
    assert (task.state, task.attempts, task.error) == (TaskState.PENDING, 1, "The résumé's photo is not in the storage.")
    assert resume.pdf_status == "PROCESSING"
