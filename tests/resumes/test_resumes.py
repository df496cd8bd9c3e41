"""Writing, reading and deleting résumés over HTTP."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.core.storage import StoredFile
from app.extensions import db
from app.resumes.models import Resume
from app.resumes.service import MOST
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, RecruiterFactory, ResumeFactory
from tests.resumes.conftest import FULL, SignIn

Picture = Callable[[], io.BytesIO]
URL = "/api/v1/resumes/"


def live() -> int:
    return db.session.scalar(select(func.count()).select_from(Resume).where(Resume.deleted_at.is_(None))) or 0


def test_a_title_suffices_and_the_persons_fields_come_from_the_account(caller: FlaskClient) -> None:
    answer = caller.post(URL, json={"title": "Kế toán"})

    assert answer.status_code == 201
    assert answer.json == {
        "id": answer.json["id"],
        "title": "Kế toán",
        "full_name": "Nguyễn Thị Phương Thảo",
        "email": "thao@example.com",
        "phone": "0901234567",
        "address": "",
        "summary": "",
        "photo": None,
        "skills": [],
        "skill_items": [],
        "experience": [],
        "education": [],
        "certifications": [],
        "languages": [],
        "projects": [],
        "links": [],
        "publications": [],
        "awards": [],
        "volunteer": [],
        "interests": [],
        "references": [],
        "is_primary": True,
        "theme": "classic",
        "accent_color": "",
        "paper_size": "A4",
        "pdf_status": "NONE",
        "pdf_generated_at": None,
        "created_at": answer.json["created_at"],
        "updated_at": answer.json["updated_at"],
    }


def test_what_was_written_is_read_back(caller: FlaskClient) -> None:
    created = caller.post(URL, json=FULL)

    read = caller.get(f"{URL}{created.json['id']}/")

    assert created.status_code == 201
    assert read.json == created.json
    assert {name: read.json[name] for name in FULL} == FULL
    assert read.json["skill_items"] == [{"id": 1, "name": "Python", "level": 3}, {"id": 2, "name": "PostgreSQL", "level": 3}]


def test_a_form_takes_sections_as_json_and_a_photo(caller: FlaskClient, picture: Picture) -> None:
    form = {"title": "[Senior] Kỹ sư", "summary": "{x}", "skills": "Python, Go", "links": json.dumps(FULL["links"]), "photo": (picture(), "tôi.png")}

    created = caller.post(URL, data=form, content_type="multipart/form-data")
    photo = caller.get(created.json["photo"])

    assert created.status_code == 201
    assert (created.json["title"], created.json["summary"]) == ("[Senior] Kỹ sư", "{x}")
    assert created.json["skills"] == ["Python", "Go"]
    assert created.json["links"] == FULL["links"]
    assert (photo.status_code, photo.content_type) == (200, "image/jpeg")
    assert photo.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": None}, "title"),
        ({"email": "nobody"}, "email"),
        ({"theme": "../classic"}, "theme"),
        ({"accent_color": "red"}, "accent_color"),
        ({"accent_color": "#12345"}, "accent_color"),
        ({"accent_color": "#123456;}"}, "accent_color"),
        ({"paper_size": "A3"}, "paper_size"),
        ({"publications": [{"publisher": "x"}]}, "publications.0.name"),
        ({"awards": [{"title": "x", "date": "May"}]}, "awards.0.date"),
        ({"volunteer": [{"description": "x"}]}, "volunteer.0"),
        ({"interests": [{"keywords": ["x"]}]}, "interests.0.name"),
        ({"references": [{}]}, "references.0"),
        ({"links": [{"label": "x"}]}, "links.0"),
        ({"photo": "https://example.com/me.png"}, "photo"),
        ({"id": 7}, "id"),
        ({"pdf_status": "READY"}, "pdf_status"),
        ({"is_primary": None}, "is_primary"),
        ({"skills": ["x" * 121]}, "skills.0"),
        ({"skills": ["x"] * 101}, "skills"),
        ({"skill_items": [{"name": "Go", "level": 6}]}, "skill_items.0.level"),
        ({"skill_items": [{"name": "Go", "level": 0}]}, "skill_items.0.level"),
        ({"skill_items": [{"name": "Go", "level": True}]}, "skill_items.0.level"),
        ({"experience": [{"company": "A", "salary": 1}]}, "experience.0.salary"),
        ({"experience": [{"description": "x"}]}, "experience.0"),
        ({"experience": [{"company": "A", "start_date": "2023-02-30"}]}, "experience.0.start_date"),
        ({"experience": [{"company": "A", "start_date": "2023-13"}]}, "experience.0.start_date"),
        ({"experience": [{"company": "A", "start_date": "2023-04", "end_date": "2022"}]}, "experience.0.end_date"),
        ({"experience": [{"company": "A", "description": "x" * 5001}]}, "experience.0.description"),
        ({"experience": [{"company": "A"}] * 51}, "experience"),
        ({"experience": {"company": "A"}}, "experience"),
        ({"education": [{"degree": "BSc", "gpa": True}]}, "education.0.gpa"),
        ({"education": [{"degree": "BSc", "gpa": -1}]}, "education.0.gpa"),
        ({"certifications": [{"issuing_organization": "A"}]}, "certifications.0"),
        ({"languages": [{"level": "C1"}]}, "languages.0.name"),
        ({"links": [{"label": "x", "url": "javascript:alert(1)"}]}, "links.0.url"),
        ({"links": [{"label": "x", "url": "file:///etc/passwd"}]}, "links.0.url"),
        ({"links": [{"label": "x", "url": "https://a@b.example"}]}, "links.0.url"),
        ({"projects": [{"name": "x", "url": "nowhere"}]}, "projects.0.url"),
        ({"summary": "a\x00b"}, "summary"),
        ({"summary": 7}, "summary"),
    ],
)
def test_wrong_input_names_its_field_and_writes_nothing(caller: FlaskClient, change: dict[str, Any], field: str) -> None:
    resume_id = caller.post(URL, json={"title": "Cũ"}).json["id"]

    created = caller.post(URL, json={"title": "Mới", **change})
    edited = caller.patch(f"{URL}{resume_id}/", json=change)

    assert created.status_code == 400
    assert list(created.json["errors"]) == [field]
    assert (edited.status_code, list(edited.json["errors"])) == (400, [field])
    assert live() == 1
    assert caller.get(f"{URL}{resume_id}/").json["title"] == "Cũ"


def test_short_forms_are_completed(caller: FlaskClient) -> None:
    sent = {
        "title": "x",
        "links": ["github.com/ducle", {"label": "Mail", "url": "mailto:duc@example.com"}],
        "languages": ["Tiếng Việt", {"language": "English", "proficiency": "C1"}],
        "education": [{"degree": "BSc", "gpa": " 3.6/4 ", "start_date": "", "end_date": None}],
        "experience": [{"company": "A", "start_date": "2020-01-31", "end_date": "2021", "is_current": True}],
    }

    answer = caller.post(URL, json=sent)

    assert answer.status_code == 201
    assert answer.json["links"] == [{"label": "", "url": "https://github.com/ducle"}, {"label": "Mail", "url": "mailto:duc@example.com"}]
    assert answer.json["languages"] == [{"name": "Tiếng Việt", "level": ""}, {"name": "English", "level": "C1"}]
    assert answer.json["education"][0]["gpa"] == "3.6/4"
    assert answer.json["education"][0]["start_date"] is None
    assert answer.json["experience"][0]["end_date"] is None


def test_a_patch_changes_what_is_sent_and_nothing_else(caller: FlaskClient) -> None:
    before = caller.post(URL, json=FULL).json

    after = caller.patch(f"{URL}{before['id']}/", json={"summary": "Mới.", "phone": None, "links": None}).json

    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"summary", "phone", "links", "updated_at"}
    assert (after["summary"], after["phone"], after["links"]) == ("Mới.", "", [])


def test_names_keep_the_levels_of_their_skills(caller: FlaskClient) -> None:
    items = [{"name": "Python", "level": 5}, {"name": "Go", "level": 2}]
    created = caller.post(URL, json={"title": "x", "skill_items": items}).json

    edited = caller.patch(f"{URL}{created['id']}/", json={"skills": ["Rust", "python"]}).json

    assert created["skills"] == ["Python", "Go"]
    assert edited["skills"] == ["Rust", "python"]
    assert edited["skill_items"] == [{"id": 3, "name": "Rust", "level": 3}, {"id": 1, "name": "python", "level": 5}]


def test_a_new_photo_replaces_the_old_one_and_null_removes_it(caller: FlaskClient, picture: Picture) -> None:
    resume_id = caller.post(URL, data={"title": "x", "photo": (picture(), "a.png")}, content_type="multipart/form-data").json["id"]
    first = db.session.scalars(select(StoredFile.id)).all()

    replaced = caller.patch(f"{URL}{resume_id}/", data={"photo": (picture(), "b.png")}, content_type="multipart/form-data")
    second = db.session.scalars(select(StoredFile.id)).all()
    removed = caller.patch(f"{URL}{resume_id}/", json={"photo": None})

    assert replaced.json["photo"] == f"{URL}{resume_id}/photo/"
    assert (len(first), len(second)) == (1, 1)
    assert first != second
    assert removed.json["photo"] is None
    assert caller.get(f"{URL}{resume_id}/photo/").json["code"] == "photo_not_found"
    assert db.session.scalars(select(StoredFile.id)).all() == []


@pytest.mark.parametrize(("name", "status"), [("me.gif", 415), ("me.png", 415)])
def test_a_photo_must_be_a_picture(caller: FlaskClient, name: str, status: int) -> None:
    answer = caller.post(URL, data={"title": "x", "photo": (io.BytesIO(b"GIF89a not a picture"), name)}, content_type="multipart/form-data")

    assert answer.status_code == status
    assert live() == 0


def test_a_list_is_newest_first_and_costs_the_same_however_long(caller: FlaskClient, candidate: User, count_queries: Callable[[], Any]) -> None:
    ResumeFactory(user_id=candidate.id, title="một")
    ResumeFactory()
    db.session.commit()
    with count_queries() as few:
        caller.get(URL)
    for number in range(8):
        ResumeFactory(user_id=candidate.id, title=f"số {number}")
    db.session.commit()

    with count_queries() as many:
        answer = caller.get(f"{URL}?limit=3&offset=1")

    assert len(many) == len(few)
    assert answer.json["count"] == 9
    assert [row["title"] for row in answer.json["results"]] == ["số 6", "số 5", "số 4"]
    assert "offset=4" in answer.json["next"]
    assert caller.get(f"{URL}?ordering=title").json["results"][0]["title"] == "một"
    assert caller.get(f"{URL}?ordering=user_id").status_code == 400


def test_a_user_has_a_bounded_number_of_resumes(caller: FlaskClient, candidate: User) -> None:
    for _ in range(MOST):
        ResumeFactory(user_id=candidate.id)
    db.session.commit()

    answer = caller.post(URL, json={"title": "x"})

    assert (answer.status_code, answer.json["code"]) == (409, "too_many_resumes")
    assert live() == MOST


PATHS = [
    ("get", ""),
    ("patch", ""),
    ("delete", ""),
    ("get", "photo/"),
    ("get", "export/"),
    ("post", "generate-pdf/"),
    ("get", "download/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_someone_elses_resume_is_not_there(caller: FlaskClient, method: str, path: str) -> None:
    foreign = ResumeFactory(is_primary=True)
    db.session.commit()

    answer = getattr(caller, method)(f"{URL}{foreign.id}/{path}", **({"json": {"title": "x"}} if method == "patch" else {}))

    assert (answer.status_code, answer.json["code"]) == (404, "resume_not_found")
    assert (foreign.title, foreign.deleted_at) == ("Lập trình viên Python", None)


@pytest.mark.parametrize(("method", "path"), [("get", None), ("post", None), ("post", "import/"), *PATHS])
def test_nobody_gets_in_without_signing_in(client: FlaskClient, method: str, path: str | None) -> None:
    own = ResumeFactory()
    db.session.commit()
    address = URL if path is None else URL + path if path == "import/" else f"{URL}{own.id}/{path}"

    answer = getattr(client, method)(address)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("get", ""), ("post", ""), ("post", "import/"), ("patch", "1/"), ("delete", "1/"), ("post", "1/generate-pdf/")]
)
def test_only_candidates_write_resumes(sign_in: SignIn, method: str, path: str) -> None:
    recruiter, admin = sign_in(RecruiterFactory()), sign_in(AdminFactory())

    answers = [getattr(someone, method)(URL + path) for someone in (recruiter, admin)]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(403, "wrong_role")] * 2


@pytest.mark.parametrize("path", ["1/", "1/photo/"])
def test_an_admin_reads_no_resumes(sign_in: SignIn, path: str) -> None:
    answer = sign_in(AdminFactory()).get(URL + path)

    assert (answer.status_code, answer.json["code"]) == (403, "wrong_role")


def test_a_recruiter_reads_what_came_to_them_also_after_its_deletion(caller: FlaskClient, candidate: User, sign_in: SignIn, picture: Picture) -> None:
    resume_id = caller.post(URL, data={"title": "x", "photo": (picture(), "a.png")}, content_type="multipart/form-data").json["id"]
    application = ApplicationFactory(candidate=db.session.get(User, candidate.id), resume_id=resume_id)
    other = ResumeFactory(user_id=candidate.id)
    db.session.commit()
    recruiter, stranger = sign_in(application.company.owner), sign_in(RecruiterFactory())

    seen = recruiter.get(f"{URL}{resume_id}/")
    photo = recruiter.get(f"{URL}{resume_id}/photo/")
    unsent, foreign = recruiter.get(f"{URL}{other.id}/"), stranger.get(f"{URL}{resume_id}/")
    caller.delete(f"{URL}{resume_id}/")
    kept, gone = recruiter.get(f"{URL}{resume_id}/"), caller.get(f"{URL}{resume_id}/")

    assert (seen.status_code, photo.status_code) == (200, 200)
    assert (unsent.status_code, foreign.status_code) == (404, 404)
    assert (kept.status_code, gone.status_code) == (200, 404)


def test_a_deleted_resume_is_gone_for_its_owner(caller: FlaskClient) -> None:
    resume_id = caller.post(URL, json={"title": "x"}).json["id"]

    first, again = caller.delete(f"{URL}{resume_id}/"), caller.delete(f"{URL}{resume_id}/")

    assert (first.status_code, again.status_code) == (204, 404)
    assert caller.get(URL).json["count"] == 0


def test_two_candidates_do_not_share_a_list(caller: FlaskClient, sign_in: SignIn) -> None:
    caller.post(URL, json={"title": "x"})

    other = sign_in(CandidateFactory()).get(URL)

    assert other.json == {"count": 0, "next": None, "previous": None, "results": []}
