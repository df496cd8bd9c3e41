"""Who gets the PDF, in which form, and what is said when there is none."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.core import clock, storage
from app.extensions import db
from app.resumes import downloads
from app.resumes.models import PdfStatus, Resume
from tests.factories import AdminFactory, ApplicationFactory, RecruiterFactory, ResumeFactory
from tests.resumes.conftest import SignIn

PDF = b"%PDF-1.7 stored"
JSON = {"Accept": "application/json"}


@pytest.fixture
def resume(caller: FlaskClient, candidate: User) -> Resume:
    """A résumé of the candidate whose PDF is stored and up to date."""
    made: Resume = ResumeFactory(user_id=candidate.id)
    give_pdf(made)
    db.session.commit()
    return made


def give_pdf(resume: Resume, data: bytes = PDF) -> None:
    resume.pdf_file = storage.save(data, folder="resume-pdfs", name="Thảo - CV.pdf", content_type="application/pdf", owner_id=resume.user_id)
    resume.pdf_status = PdfStatus.READY


def path(resume: Resume) -> str:
    return f"/api/v1/resumes/{resume.id}/download/"


def test_the_owner_gets_the_file(caller: FlaskClient, resume: Resume) -> None:
    answer = caller.get(path(resume))

    assert (answer.status_code, answer.data, answer.content_type) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=\"Thao - CV.pdf\"; filename*=UTF-8''{quote('Thảo - CV.pdf')}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_name_without_any_latin_letter_has_a_plain_stand_in(caller: FlaskClient, resume: Resume) -> None:
    assert resume.pdf_file is not None
    resume.pdf_file.name = "履歴／書.pdf"
    db.session.commit()

    answer = caller.get(path(resume))

    assert answer.headers["Content-Disposition"] == f"attachment; filename=file.pdf; filename*=UTF-8''{quote('履歴／書.pdf')}"


def test_a_link_is_given_on_request_and_works_without_signing_in(caller: FlaskClient, client: FlaskClient, resume: Resume) -> None:
    offered = caller.get(path(resume), headers=JSON)

    answer = client.get(offered.json["download_url"])

    assert offered.status_code == 200
    assert set(offered.json) == {"status", "download_url"}
    assert offered.json["status"] == "READY"
    assert (answer.status_code, answer.data) == (200, PDF)


@pytest.mark.parametrize("accept", ["*/*", "application/pdf", "application/pdf, application/json", "text/html,*/*;q=0.8"])
def test_whoever_does_not_prefer_json_gets_the_file(caller: FlaskClient, resume: Resume, accept: str) -> None:
    answer = caller.get(path(resume), headers={"Accept": accept})

    assert answer.content_type == "application/pdf"


@pytest.mark.parametrize("status", [PdfStatus.NONE, PdfStatus.PROCESSING, PdfStatus.FAILED])
def test_without_a_pdf_of_the_present_content_the_owner_is_told_so(caller: FlaskClient, resume: Resume, status: PdfStatus) -> None:
    resume.pdf_status = status
    db.session.commit()

    answers = [caller.get(path(resume), headers={"Accept": accept}) for accept in ("*/*", "application/json")]

    for answer in answers:
        assert (answer.status_code, answer.content_type) == (404, "application/json")
        assert set(answer.json) == {"status", "detail"}
        assert answer.json["status"] == "PENDING"


def test_a_recruiter_gets_what_came_to_them_also_after_an_edit(candidate: User, resume: Resume, sign_in: SignIn) -> None:
    application = ApplicationFactory(candidate=db.session.get(User, candidate.id), resume_id=resume.id)
    resume.pdf_status = PdfStatus.NONE
    db.session.commit()
    recruiter = sign_in(application.company.owner)

    file, link = recruiter.get(path(resume)), recruiter.get(path(resume), headers=JSON)

    assert (file.status_code, file.data) == (200, PDF)
    assert (link.status_code, link.json["status"]) == (200, "READY")


def test_others_do_not_learn_that_it_exists(resume: Resume, sign_in: SignIn, client: FlaskClient) -> None:
    recruiter, admin = sign_in(RecruiterFactory()), sign_in(AdminFactory())

    answers = [someone.get(path(resume)) for someone in (recruiter, admin)]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(404, "resume_not_found")] * 2
    assert client.get(path(resume)).status_code == 401


@pytest.mark.parametrize("spoil", [lambda token: token[:-2], lambda token: "x", lambda token: token.replace(".", "..", 1)])
def test_a_spoilt_link_is_refused(client: FlaskClient, resume: Resume, spoil: Callable[[str], str]) -> None:
    token = downloads.link_to(resume).partition("?token=")[2]

    answer = client.get(path(resume), query_string={"token": spoil(token)})

    assert (answer.status_code, answer.json["code"]) == (401, "link_expired")


def test_a_link_dies_after_five_minutes(client: FlaskClient, resume: Resume, monkeypatch: pytest.MonkeyPatch) -> None:
    link = downloads.link_to(resume)
    fresh = client.get(link)
    later = clock.now() + timedelta(seconds=301)
    monkeypatch.setattr("itsdangerous.timed.time.time", later.timestamp)

    stale = client.get(link)

    assert (fresh.status_code, stale.status_code) == (200, 401)


def test_a_link_opens_its_own_resume_only(client: FlaskClient, candidate: User, resume: Resume) -> None:
    other = ResumeFactory(user_id=candidate.id)
    give_pdf(other, b"%PDF other")
    db.session.commit()
    token = downloads.link_to(resume).partition("?token=")[2]

    answer = client.get(path(other), query_string={"token": token})

    assert answer.status_code == 401


def test_a_link_does_not_open_the_file_that_came_after(client: FlaskClient, resume: Resume) -> None:
    link = downloads.link_to(resume)
    give_pdf(resume, b"%PDF newer")
    db.session.commit()

    answer = client.get(link)

    assert answer.status_code == 404
    assert answer.json["detail"] == "This file has been replaced. Ask for a new link."


def test_the_readers_of_a_missing_number_get_404(caller: FlaskClient) -> None:
    answers = [caller.get(f"/api/v1/resumes/{number}/download/") for number in (0, 2**63, 10**30)]

    assert [answer.status_code for answer in answers] == [404] * 3
