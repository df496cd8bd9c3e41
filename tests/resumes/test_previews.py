"""Pictures of a PDF's pages: who sees them, when they are drawn, and what becomes of them."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from app.accounts import sessions
from app.accounts.models import User
from app.core import file_purge, leases, storage
from app.core.outbox import Task
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes.models import PdfStatus, PreviewPage, Resume
from app.resumes.previews import keep_pictures, request_pictures
from app.resumes.rendering.pictures import draw_pages
from app.resumes.rendering.render import render_pdf
from tasks import base
from tasks import previews as preview_queue
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, RecruiterFactory, ResumeFactory
from tests.locks import await_waiting_lock
from tests.resumes.conftest import SignIn

ROOT = Path(__file__).resolve().parents[2]
TWO_PAGES = {"title": "Dài", "full_name": "Nguyễn Văn A", "summary": "Một dòng.\n" * 90}


def give_pdf(resume: Resume, data: bytes) -> None:
    resume.pdf_file = storage.save(data, folder="resume-pdfs", name="cv.pdf", content_type="application/pdf", owner_id=resume.user_id)
    resume.pdf_status = PdfStatus.READY


class Desk:
    """One candidate with a PDF of two pages on a database with real commits, and the worker's side of the queue."""

    def __init__(self, app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = app
        monkeypatch.setattr(base, "flask_app", app)
        with app.app_context():
            user = CandidateFactory()
            token = sessions.open_session(user).access
            resume = ResumeFactory(user_id=user.id)
            give_pdf(resume, render_pdf(TWO_PAGES))
            db.session.commit()
            self.resume_id, self.pdf_id = resume.id, resume.pdf_file_id
        self.caller: FlaskClient = app.test_client(use_cookies=False)
        self.caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def show(self, page: int = 1, **headers: str) -> Any:
        return self.caller.get(f"/api/v1/resumes/{self.resume_id}/preview.png?page={page}", headers=headers)

    def draw(self) -> None:
        preview_queue.draw(self.show().json["task_id"])

    def pictures(self) -> int:
        with self.app.app_context():
            found = select(func.count()).select_from(StoredFile).where(StoredFile.key.startswith("resume-previews/"))
            return db.session.scalar(found) or 0


@pytest.fixture
def desk(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(committed_app, monkeypatch)


def test_the_first_request_leaves_a_task_and_the_next_gets_the_page(desk: Desk) -> None:
    asked, again = desk.show(), desk.show(2)

    preview_queue.draw(asked.json["task_id"])

    first, second = desk.show(), desk.show(2)
    task_id = asked.json["task_id"]
    assert asked.status_code == 202
    assert asked.headers["Retry-After"] == "1"
    assert asked.json == {
        "status": "PROCESSING",
        "task_id": task_id,
        "status_url": f"/api/v1/tasks/{task_id}/",
        "message": "The page is being drawn.",
    }
    assert again.json["task_id"] == task_id
    assert (first.status_code, first.content_type, first.headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.data != second.data
    for answer in (first, second):
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert (picture.format, picture.size) == ("PNG", (900, 1273))
    task = desk.caller.get(asked.json["status_url"]).json
    assert (task["status"], task["result_url"]) == ("DONE", f"/api/v1/resumes/{desk.resume_id}/preview.png?page=1")


def test_a_page_that_the_browser_has_is_not_sent_again(desk: Desk) -> None:
    desk.draw()
    shown = desk.show()

    again, other = desk.show(**{"If-None-Match": shown.headers["ETag"]}), desk.show(2, **{"If-None-Match": shown.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200


def test_a_page_beyond_the_last_is_not_there(desk: Desk) -> None:
    desk.draw()

    answer = desk.show(3)

    assert (answer.status_code, answer.json["code"], answer.json["detail"]) == (404, "page_not_found", "The PDF has 2 pages.")


def test_drawing_twice_keeps_one_picture_of_each_page(desk: Desk) -> None:
    task_id = desk.show().json["task_id"]
    with desk.app.app_context(), unit_of_work():
        pdf = db.session.get_one(StoredFile, desk.pdf_id)
        other_id = request_pictures(pdf, desk.resume_id, owner_id=None, before_drawing=lambda: None)

    preview_queue.draw(task_id)
    preview_queue.draw(other_id)

    assert other_id != task_id
    assert desk.pictures() == 2


def test_of_two_drawings_at_once_one_is_kept(desk: Desk) -> None:
    def keep_beside() -> None:
        with desk.app.app_context(), unit_of_work():
            keep_pictures(desk.pdf_id, [b"late 1", b"late 2"])

    with ThreadPoolExecutor(1) as other, desk.app.app_context():
        with unit_of_work():
            keep_pictures(desk.pdf_id, [b"page 1", b"page 2"])
            beside = other.submit(keep_beside)
            await_waiting_lock()
        beside.result(10)

    assert desk.show(2).data == b"page 2"
    assert desk.pictures() == 2


def test_asking_while_it_is_drawn_gives_the_same_task(desk: Desk) -> None:
    asked = desk.show()
    with desk.app.app_context(), unit_of_work():
        leases.claim(asked.json["task_id"], lease=timedelta(minutes=1))

    again = desk.show()

    assert (again.status_code, again.json["task_id"]) == (202, asked.json["task_id"])


def test_a_new_pdf_takes_the_pictures_of_the_old_one_with_it(desk: Desk) -> None:
    desk.draw()
    with desk.app.app_context(), unit_of_work():
        resume = db.session.get_one(Resume, desk.resume_id)
        old = resume.pdf_file
        give_pdf(resume, render_pdf({"title": "Mới"}))
        db.session.flush()
        file_purge.discard(old)

    waiting = desk.show()
    with desk.app.app_context(), unit_of_work():
        rows = db.session.scalar(select(func.count()).select_from(PreviewPage))
        removed = file_purge.purge_rows(older_than=timedelta(seconds=-1))

    assert waiting.status_code == 202
    assert (rows, removed, desk.pictures()) == (0, 2, 0)


def test_a_pdf_that_was_replaced_before_it_was_drawn_is_left_alone(desk: Desk) -> None:
    asked = desk.show()
    with desk.app.app_context(), unit_of_work():
        file_purge.discard(db.session.get_one(StoredFile, desk.pdf_id))

    preview_queue.draw(asked.json["task_id"])

    assert desk.pictures() == 0
    assert desk.show().status_code == 404


def test_a_pdf_that_the_storage_has_lost_fails_with_a_reason(desk: Desk) -> None:
    asked = desk.show()
    with desk.app.app_context():
        storage.delete_key(db.session.get_one(StoredFile, desk.pdf_id).key)

    preview_queue.draw(asked.json["task_id"])

    task = desk.caller.get(asked.json["status_url"]).json
    assert (task["status"], task["error"]) == ("FAILED", "The PDF is not in the storage. Generate it again.")


@pytest.fixture
def drawn(candidate: User) -> Resume:
    """A résumé whose PDF has one page, which is drawn."""
    made: Resume = ResumeFactory(user_id=candidate.id)
    give_pdf(made, b"%PDF-1.7 stored")
    picture = storage.save(b"png", folder="resume-previews", name="page-1.png", content_type="image/png", owner_id=candidate.id)
    db.session.flush()
    db.session.add(PreviewPage(pdf_file_id=made.pdf_file_id, number=1, picture_id=picture.id))
    db.session.commit()
    return made


def path(resume: Resume) -> str:
    return f"/api/v1/resumes/{resume.id}/preview.png"


def test_the_owner_a_recipient_and_the_holder_of_a_link_see_it(
    caller: FlaskClient, client: FlaskClient, sign_in: SignIn, candidate: User, drawn: Resume
) -> None:
    application = ApplicationFactory(candidate=candidate, resume_id=drawn.id)
    db.session.commit()
    recipient = sign_in(application.company.owner)
    link = caller.get(f"/api/v1/resumes/{drawn.id}/download/", headers={"Accept": "application/json"}).json["download_url"]

    answers = [caller.get(path(drawn)), recipient.get(path(drawn)), client.get(f"{path(drawn)}?{link.partition('?')[2]}")]

    assert [(answer.status_code, answer.data) for answer in answers] == [(200, b"png")] * 3


def test_others_do_not_see_it(client: FlaskClient, sign_in: SignIn, drawn: Resume) -> None:
    strangers = [sign_in(CandidateFactory()), sign_in(RecruiterFactory()), sign_in(AdminFactory())]

    answers = [stranger.get(path(drawn)).status_code for stranger in strangers]

    assert answers == [404, 404, 404]
    assert client.get(path(drawn)).status_code == 401
    assert client.get(f"{path(drawn)}?token=forged").status_code == 401
    assert db.session.scalar(select(func.count()).select_from(Task)) == 0


def test_without_a_pdf_there_is_nothing_to_show(caller: FlaskClient, candidate: User) -> None:
    bare = ResumeFactory(user_id=candidate.id)
    db.session.commit()

    answer = caller.get(path(bare))

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert (answer.json["code"], answer.json["detail"]) == ("no_pdf", "There is no PDF of the résumé as it is now. Generate it first.")


@pytest.mark.parametrize("page", ["0", "-1", "21", "x", "1.5"])
def test_a_page_is_a_number_from_1_to_20(caller: FlaskClient, drawn: Resume, page: str) -> None:
    answer = caller.get(f"{path(drawn)}?page={page}")

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == ["page"]


def test_pages_are_drawn_in_order_and_in_proportion() -> None:
    letter = render_pdf({**TWO_PAGES, "paper_size": "LETTER", "accent_color": "#ff0000"}, theme="modern")

    pictures = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in draw_pages(letter, width=300)]

    assert [picture.size for picture in pictures] == [(300, 389), (300, 389)]
    red, green, blue = pictures[0].getpixel((20, 200))
    assert red > 180 and green < 40 and blue < 40
    assert pictures[0].getpixel((290, 380)) == (255, 255, 255)
    assert len(list(draw_pages(letter, width=300, most=1))) == 1


def test_the_request_layer_never_loads_pdfium() -> None:
    script = "import sys, app.resumes.look_routes; print('pypdfium2' in sys.modules, 'weasyprint' in sys.modules)"

    child = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=120, check=True)

    assert child.stdout.decode().strip() == "False False"
