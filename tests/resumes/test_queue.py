"""With a queue that is longer than it can be served in time, PDFs are refused before anything is accepted or counted."""

from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from app.accounts.models import User
from app.core import storage
from app.core.clock import now
from app.core.outbox import Task, TaskState, enqueue
from app.extensions import db
from app.resumes.models import PdfStatus, Resume
from app.resumes.pdf_state import content_key
from tests.factories import ResumeFactory

URL = "/api/v1/resumes/"


@pytest.fixture
def resume(candidate: User) -> Resume:
    made: Resume = ResumeFactory(user_id=candidate.id)
    db.session.commit()
    return made


def fill_queue(renders: int, *, seconds_each: float) -> None:
    """So many renders wait, and the last one took so long."""
    done = enqueue("pdf.render", {})
    end = now()
    times = {"claimed_at": end - timedelta(seconds=seconds_each), "finished_at": end}
    db.session.execute(update(Task).where(Task.id == done).values(state=TaskState.DONE, **times))
    for _ in range(renders):
        enqueue("pdf.render", {})
    db.session.commit()


def count(name: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Task).where(Task.name == name)) or 0


def give_pdf(resume: Resume) -> None:
    resume.pdf_file = storage.save(b"%PDF", folder="resume-pdfs", name="x.pdf", content_type="application/pdf", owner_id=resume.user_id)
    resume.pdf_status, resume.pdf_hash = PdfStatus.READY, content_key(resume)
    db.session.commit()


def check_refusal(answer: Any, seconds: int) -> None:
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert (answer.json["code"], answer.headers["Retry-After"]) == ("pdf_queue_full", str(seconds))
    assert answer.json["detail"] == f"Too many PDFs are waiting. Please try again in {seconds} s."


def test_a_render_is_refused_while_the_queue_is_too_long(caller: FlaskClient, resume: Resume) -> None:
    # 13 renders of 10 s by two workers: 65 s, five more than a minute.
    fill_queue(13, seconds_each=10)

    answer = caller.post(f"{URL}{resume.id}/generate-pdf/")

    check_refusal(answer, 5)
    assert count("pdf.render") == 14
    assert caller.get(f"{URL}{resume.id}/").json["pdf_status"] == "NONE"


def test_a_queue_that_can_be_served_in_time_takes_one_more(caller: FlaskClient, resume: Resume) -> None:
    fill_queue(12, seconds_each=9.9)

    answer = caller.post(f"{URL}{resume.id}/generate-pdf/")

    assert answer.status_code == 202
    assert caller.get(answer.json["status_url"]).json["position"] == 13


def test_the_setting_says_how_long_is_too_long(app: APIFlask, caller: FlaskClient, resume: Resume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PDF_QUEUE_SECONDS", 600)
    fill_queue(13, seconds_each=10)

    assert caller.post(f"{URL}{resume.id}/generate-pdf/").status_code == 202


def test_it_is_never_suggested_to_wait_longer_than_ten_minutes(caller: FlaskClient, resume: Resume) -> None:
    fill_queue(200, seconds_each=50)

    check_refusal(caller.post(f"{URL}{resume.id}/generate-pdf/"), 600)


def test_a_refusal_does_not_draw_on_the_rate(app: APIFlask, caller: FlaskClient, resume: Resume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PDF_GENERATION_RATE", "1/hour")
    fill_queue(13, seconds_each=10)
    refused = [caller.post(f"{URL}{resume.id}/generate-pdf/").status_code for _ in range(3)]
    db.session.execute(delete(Task).where(Task.state == TaskState.PENDING))
    db.session.commit()

    accepted = caller.post(f"{URL}{resume.id}/generate-pdf/")

    assert refused == [503] * 3
    assert accepted.status_code == 202


def test_what_is_ready_or_under_way_is_answered_also_with_a_long_queue(caller: FlaskClient, candidate: User, resume: Resume) -> None:
    give_pdf(resume)
    waiting: Resume = ResumeFactory(user_id=candidate.id)
    db.session.commit()
    under_way = caller.post(f"{URL}{waiting.id}/generate-pdf/").json["task_id"]
    fill_queue(100, seconds_each=10)

    ready, again = caller.post(f"{URL}{resume.id}/generate-pdf/"), caller.post(f"{URL}{waiting.id}/generate-pdf/")

    assert (ready.status_code, ready.json["status"]) == (200, "READY")
    assert (again.status_code, again.json["task_id"]) == (202, under_way)


def test_a_drawing_is_refused_too_unless_it_waits_already(caller: FlaskClient, candidate: User, resume: Resume) -> None:
    other: Resume = ResumeFactory(user_id=candidate.id)
    for one in (resume, other):
        give_pdf(one)
    waiting = caller.get(f"{URL}{resume.id}/preview.png")
    fill_queue(13, seconds_each=10)

    again, new = caller.get(f"{URL}{resume.id}/preview.png"), caller.get(f"{URL}{other.id}/preview.png")

    assert (again.status_code, again.json["task_id"]) == (202, waiting.json["task_id"])
    assert new.status_code == 503
    assert count("pdf.preview") == 1


def test_the_document_describes_the_refusal_and_the_estimate(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json

    task = document["components"]["schemas"]["TaskOut"]
    render, preview = (document["paths"][f"/api/v1/resumes/{{resume_id}}/{last}"] for last in ("generate-pdf/", "preview.png"))
    assert {"position", "estimated_seconds"} <= set(task["properties"])
    assert not {"position", "estimated_seconds"} & set(task["required"])
    assert "503 `pdf_queue_full`" in render["post"]["description"]
    assert "503 `pdf_queue_full`" in preview["get"]["description"]
