"""Which PDFs are removed and which stay, and what their owners then see: real commits and real files."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.accounts import sessions
from app.accounts.models import User
from app.core import storage
from app.core.clock import now
from app.core.outbox import Task
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes import downloads
from app.resumes.access import locked
from app.resumes.models import PdfStatus, PreviewPage, Resume
from app.resumes.pdf_purge import purge_pdfs
from app.resumes.pdf_state import content_key
from tasks import base, maintenance
from tests.factories import ApplicationFactory, CandidateFactory, ResumeFactory
from tests.locks import await_waiting_lock

DAY = timedelta(days=1)
JSON = {"Accept": "application/json"}


@pytest.fixture
def context(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    monkeypatch.setattr(base, "flask_app", committed_app)
    with committed_app.app_context():
        yield committed_app


def printed(*, made: timedelta, used: timedelta | None = None, user_id: int | None = None, deleted: timedelta | None = None) -> int:
    """The id of a committed résumé whose PDF was made, and handed out, so long ago."""
    with unit_of_work():
        resume: Resume = ResumeFactory(**({"user_id": user_id} if user_id else {}))
        resume.pdf_file = storage.save(b"%PDF", folder="resume-pdfs", name="x.pdf", content_type="application/pdf", owner_id=resume.user_id)
        resume.pdf_status, resume.pdf_hash = PdfStatus.READY, content_key(resume)
        resume.pdf_generated_at, resume.pdf_used_at = now() - made, now() - used if used is not None else None
        resume.deleted_at = now() - deleted if deleted is not None else None
    return resume.id


def purge() -> int:
    with unit_of_work():
        return purge_pdfs()


def kept() -> list[int]:
    """The résumés that still have their PDF; every file must have its row and every row its file."""
    keys = sorted(db.session.scalars(select(StoredFile.key)))
    assert keys == sorted(key for key, _ in storage.list_keys())
    found = db.session.execute(select(Resume.id, Resume.pdf_file_id).order_by(Resume.id)).all()
    return [resume_id for resume_id, file_id in found if file_id is not None]


def caller_of(app: APIFlask, resume_id: int) -> FlaskClient:
    user_id = db.session.scalars(select(Resume.user_id).where(Resume.id == resume_id)).one()
    token = sessions.open_session(db.session.get_one(User, user_id)).access
    db.session.commit()
    caller = app.test_client(use_cookies=False)
    caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return caller


@pytest.mark.usefixtures("context")
def test_a_pdf_that_was_not_used_for_half_a_year_goes_with_its_bytes() -> None:
    fresh, used = printed(made=179 * DAY), printed(made=400 * DAY, used=179 * DAY)
    printed(made=181 * DAY)
    printed(made=400 * DAY, used=181 * DAY)

    removed = purge()

    assert removed == 2
    assert kept() == [fresh, used]


@pytest.mark.usefixtures("context")
def test_of_each_person_the_last_used_are_kept(monkeypatch: pytest.MonkeyPatch, context: APIFlask) -> None:
    monkeypatch.setitem(context.config, "PDF_KEEP_COUNT", 2)
    person, other = CandidateFactory().id, CandidateFactory().id
    db.session.commit()
    old_but_used = printed(made=90 * DAY, used=DAY, user_id=person)
    printed(made=80 * DAY, user_id=person)
    newer = printed(made=70 * DAY, user_id=person)
    alone = printed(made=100 * DAY, user_id=other)

    removed = purge()

    assert removed == 1
    assert kept() == [old_but_used, newer, alone]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(("made", "deleted"), [(400 * DAY, None), (10 * DAY, 5 * DAY)])
def test_what_came_with_an_application_stays(made: timedelta, deleted: timedelta | None) -> None:
    resume_id = printed(made=made, deleted=deleted)
    with unit_of_work():
        ApplicationFactory(resume_id=resume_id)

    assert purge() == 0
    assert kept() == [resume_id]


@pytest.mark.usefixtures("context")
def test_the_pdf_of_a_deleted_resume_goes_after_a_day() -> None:
    just_deleted = printed(made=5 * DAY, deleted=timedelta(hours=23))
    printed(made=5 * DAY, deleted=timedelta(hours=25))

    assert purge() == 1
    assert kept() == [just_deleted]


def test_a_pdf_stays_while_a_link_to_it_is_out(context: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(context.config, "PDF_KEEP_COUNT", 0)
    resume_id = printed(made=400 * DAY)
    offered = caller_of(context, resume_id).get(downloads.path_of(resume_id), headers=JSON)

    while_out = purge()
    by_link = context.test_client().get(offered.json["download_url"]).status_code
    with unit_of_work():
        db.session.execute(update(Resume).values(pdf_used_at=now() - timedelta(seconds=361)))
    afterwards = purge()

    assert (while_out, by_link, afterwards) == (0, 200, 1)


def test_a_purged_pdf_says_so_and_can_be_made_again(context: APIFlask) -> None:
    resume_id = printed(made=400 * DAY)
    caller, path = caller_of(context, resume_id), downloads.path_of(resume_id)
    maintenance.purge_pdfs()

    download, preview = caller.get(path), caller.get(f"/api/v1/resumes/{resume_id}/preview.png")
    shown = caller.get(f"/api/v1/resumes/{resume_id}/").json["pdf_status"]
    again = caller.post(f"/api/v1/resumes/{resume_id}/generate-pdf/")

    sentence = "The PDF was not used for long and has been removed. Generate it again."
    assert (download.status_code, download.json) == (404, {"status": "PENDING", "detail": sentence})
    assert (preview.status_code, preview.json["code"], preview.json["detail"]) == (404, "no_pdf", sentence)
    assert shown == "NONE"
    assert (again.status_code, again.json["status"]) == (202, "PROCESSING")
    assert db.session.scalar(select(func.count()).select_from(Task).where(Task.name == "pdf.render")) == 1


@pytest.mark.usefixtures("context")
def test_the_pictures_of_its_pages_go_with_a_pdf() -> None:
    resume_id = printed(made=400 * DAY)
    with unit_of_work():
        pdf_id = db.session.scalars(select(Resume.pdf_file_id).where(Resume.id == resume_id)).one()
        picture = storage.save(b"PNG", folder="resume-previews", name="1.png", content_type="image/png", owner_id=None)
        db.session.add(PreviewPage(pdf_file_id=pdf_id, number=1, picture_id=picture.id))
        db.session.execute(update(StoredFile).values(created_at=now() - 2 * DAY))

    maintenance.purge_pdfs()
    maintenance.purge_files()

    assert db.session.scalars(select(StoredFile.key)).all() == []
    assert list(storage.list_keys()) == []


def test_bytes_whose_worker_died_before_the_commit_are_swept(context: APIFlask, tmp_path: Path) -> None:
    resume_id = printed(made=DAY)
    storage.save(b"%PDF lost", folder="resume-pdfs", name="x.pdf", content_type="application/pdf", owner_id=None)
    db.session.rollback()
    for path in (tmp_path / "storage").rglob("*"):
        if path.is_file():
            _age(path)

    maintenance.purge_files()

    assert kept() == [resume_id]


def _age(path: Path) -> None:
    past = (now() - 2 * DAY).timestamp()
    os.utime(path, (past, past))


def test_an_application_that_is_being_handed_in_keeps_the_pdf(context: APIFlask) -> None:
    resume_id = printed(made=400 * DAY)
    other = PurgeBeside(context)

    with unit_of_work():
        ApplicationFactory(resume_id=resume_id)
        other.start_and_wait_for_us()
    other.join(10)

    assert other.removed == 0
    assert kept() == [resume_id]


def test_a_pdf_that_is_just_being_used_is_kept(context: APIFlask) -> None:
    resume_id = printed(made=400 * DAY)
    other = PurgeBeside(context)

    with unit_of_work():
        resume = db.session.scalars(locked(select(Resume).where(Resume.id == resume_id))).one()
        other.start_and_wait_for_us()
        resume.pdf_used_at = now()
    other.join(10)

    assert other.removed == 0
    assert kept() == [resume_id]


class PurgeBeside(Thread):
    """A purge on another connection, which waits for a lock of ours."""

    def __init__(self, app: APIFlask) -> None:
        super().__init__()
        self._app = app
        self.removed: int | None = None

    def run(self) -> None:
        with self._app.app_context():
            self.removed = purge()

    def start_and_wait_for_us(self) -> None:
        self.start()
        await_waiting_lock()
