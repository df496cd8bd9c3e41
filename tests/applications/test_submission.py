"""Applying: what may be sent, to which jobs, how often, and what follows."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.applications.models import Application, ApplicationEvent
from app.core.clock import now, today
from app.extensions import db
from app.jobs.models import JobCounters, JobStatus
from tests.factories import AdminFactory, CandidateFactory, CompanyFactory, JobFactory, RecruiterFactory, ResumeFactory

SignIn = Callable[[User], FlaskClient]
APPLICATIONS = "/api/v1/applications/"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def person(app: APIFlask) -> User:
    made: User = CandidateFactory()
    return made


@pytest.fixture
def caller(person: User, sign_in: SignIn) -> FlaskClient:
    return sign_in(person)


def test_a_candidate_applies_with_a_resume(person: User, caller: FlaskClient, queued: Callable[[str], list[dict[str, Any]]]) -> None:
    job = JobFactory(title="Kỹ sư dữ liệu")
    resume = ResumeFactory(user_id=person.id, title="CV tiếng Việt")

    answer = caller.post(APPLICATIONS, json={"job": str(job.id), "resume": resume.id, "cover_letter": " Kính gửi quý công ty "})

    card = {
        "id": job.id,
        "slug": f"ky-su-du-lieu-{job.id}",
        "title": "Kỹ sư dữ liệu",
        "location": "Hà Nội",
        "company": {"id": job.company_id, "name": job.company.name, "logo": None},
        "status": "OPEN",
        "is_deleted": False,
    }
    body = answer.json
    times = {name: body.pop(name) for name in ("applied_at", "created_at", "updated_at")}
    assert answer.status_code == 201
    assert None not in times.values()
    assert body == {
        "id": body["id"],
        "job": card,
        "job_info": card,
        "job_id": job.id,
        "candidate": {"id": person.id, "full_name": "Nguyễn Thị Phương Thảo", "avatar": None, "user_type": "CANDIDATE"},
        "resume": resume.id,
        "resume_info": {"id": resume.id, "title": "CV tiếng Việt", "pdf_status": "NONE"},
        "cv_file": None,
        "cover_letter": "Kính gửi quý công ty",
        "status": "PENDING",
        "interview_date": None,
        "interview_schedule": None,
    }
    event = db.session.query(ApplicationEvent).one()
    assert (event.application_id, event.from_status, event.to_status, event.actor_id) == (body["id"], None, "PENDING", person.id)
    assert db.session.get(JobCounters, job.id).applications == 1
    assert queued("mail.application_received") == [{"application_id": body["id"]}]
    assert [(news["user_id"], news["type"]) for news in queued("notifications.deliver")] == [(job.company.owner_id, "APPLICATION_RECEIVED")]


def test_a_cv_is_sent_by_a_form_and_comes_back_byte_for_byte(caller: FlaskClient) -> None:
    job = JobFactory()

    answer = caller.post(APPLICATIONS, data={"job": str(job.id), "cv_file": (io.BytesIO(PDF), "Hồ sơ.pdf")})
    file = caller.get(answer.json["cv_file"])

    assert answer.status_code == 201
    assert answer.json["resume"] is None
    assert answer.json["cv_file"] == f"/api/v1/media/application/{answer.json['id']}/download/"
    assert (file.status_code, file.data, file.content_type) == (200, PDF, "application/pdf")
    assert file.headers["Content-Disposition"] == "attachment; filename=\"Ho so.pdf\"; filename*=UTF-8''H%E1%BB%93%20s%C6%A1.pdf"
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_without_anything_the_primary_resume_is_sent(person: User, caller: FlaskClient) -> None:
    ResumeFactory(user_id=person.id)
    primary = ResumeFactory(user_id=person.id, is_primary=True)

    answer = caller.post(APPLICATIONS, json={"job": JobFactory().id})

    assert (answer.status_code, answer.json["resume"]) == (201, primary.id)


def test_with_neither_cv_nor_resume_nothing_is_sent(person: User, caller: FlaskClient) -> None:
    ResumeFactory(user_id=person.id, is_primary=True, deleted_at=now())

    answer = caller.post(APPLICATIONS, json={"job": JobFactory().id})

    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (400, "cv_required", ["cv_file"])
    assert db.session.query(Application).count() == 0


@pytest.mark.parametrize("whose", ["another's", "deleted", "unknown"])
def test_only_an_own_live_resume_can_be_sent(person: User, caller: FlaskClient, whose: str) -> None:
    resume_id = {
        "another's": lambda: ResumeFactory().id,
        "deleted": lambda: ResumeFactory(user_id=person.id, deleted_at=now()).id,
        "unknown": lambda: 2**62,
    }[whose]()

    answer = caller.post(APPLICATIONS, json={"job": JobFactory().id, "resume": resume_id})

    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (400, "unknown_resume", ["resume"])
    assert db.session.query(Application).count() == 0


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"status": JobStatus.DRAFT}, "unknown_job"),
        ({"deleted_at": now()}, "unknown_job"),
        ({"company__deleted_at": now()}, "unknown_job"),
        ({"status": JobStatus.CLOSED}, "job_closed"),
        ({"deadline": today() - timedelta(days=1)}, "deadline_passed"),
    ],
)
def test_a_job_that_takes_no_applications_is_named(person: User, caller: FlaskClient, job: dict[str, object], code: str) -> None:
    ResumeFactory(user_id=person.id, is_primary=True)

    answer = caller.post(APPLICATIONS, json={"job": JobFactory(**job).id})

    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (400, code, ["job"])
    assert db.session.query(Application).count() == 0
    assert db.session.query(JobCounters).count() == 0


@pytest.mark.parametrize("deadline", [today(), None])
def test_a_job_takes_applications_on_its_last_day_and_without_a_deadline(person: User, caller: FlaskClient, deadline: object) -> None:
    ResumeFactory(user_id=person.id, is_primary=True)

    answer = caller.post(APPLICATIONS, json={"job": JobFactory(deadline=deadline).id})

    assert answer.status_code == 201


def test_one_application_per_job_even_after_a_withdrawal(person: User, caller: FlaskClient) -> None:
    ResumeFactory(user_id=person.id, is_primary=True)
    job = JobFactory()
    first = caller.post(APPLICATIONS, json={"job": job.id})
    caller.post(f"{APPLICATIONS}{first.json['id']}/withdraw/")

    second = caller.post(APPLICATIONS, json={"job": job.id})

    assert (second.status_code, second.json["code"]) == (409, "already_applied")
    assert db.session.query(Application).one().id == first.json["id"]
    assert db.session.get(JobCounters, job.id).applications == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "job"),
        ({"job": "abc"}, "job"),
        ({"job": 10**30}, "job"),
        ({"job": 2**62}, "job"),
        ({"job": 1, "status": "ACCEPTED"}, "status"),
        ({"job": 1, "candidate": 7}, "candidate"),
        ({"job": 1, "note": "x"}, "note"),
        ({"job": 1, "cover_letter": "x" * 20_001}, "cover_letter"),
        ({"job": 1, "cover_letter": "a\x00b"}, "cover_letter"),
        ({"job": 1, "cv_file": "not a file"}, "cv_file"),
    ],
)
def test_a_wrong_application_names_its_field(caller: FlaskClient, body: dict[str, object], field: str) -> None:
    answer = caller.post(APPLICATIONS, json=body)

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]
    assert db.session.query(Application).count() == 0


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [("cv.exe", PDF, 415), ("cv.pdf", b"<html>", 415), ("cv.docx", PDF, 415), ("cv.pdf", PDF + bytes(1024), 413)],
)
def test_a_cv_is_checked_by_name_content_and_size(
    app: APIFlask, caller: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, status: int
) -> None:
    monkeypatch.setitem(app.config, "MAX_CV_BYTES", 1024)

    answer = caller.post(APPLICATIONS, data={"job": str(JobFactory().id), "cv_file": (io.BytesIO(content), name)})

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert db.session.query(Application).count() == 0


def test_only_accepted_applications_draw_on_the_rate(app: APIFlask, person: User, caller: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "APPLICATION_SUBMISSION_RATE", "2/day")
    ResumeFactory(user_id=person.id, is_primary=True)
    jobs = [JobFactory().id for _ in range(3)]

    refused = [caller.post(APPLICATIONS, json={"job": 2**62}).status_code for _ in range(3)]
    answers = [caller.post(APPLICATIONS, json={"job": job}) for job in jobs]

    assert refused == [400, 400, 400]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].json["code"] in {"too_many_requests", "rate_limited"}
    assert int(answers[2].headers["Retry-After"]) > 0


def test_only_candidates_apply(client: FlaskClient, sign_in: SignIn) -> None:
    company = CompanyFactory()
    callers = {"anonymous": client, "recruiter": sign_in(RecruiterFactory()), "owner": sign_in(company.owner), "admin": sign_in(AdminFactory())}

    answers = {who: asking.post(APPLICATIONS, json={"job": JobFactory(company=company).id}).status_code for who, asking in callers.items()}

    assert answers == {"anonymous": 401, "recruiter": 403, "owner": 403, "admin": 403}
    assert db.session.query(Application).count() == 0
