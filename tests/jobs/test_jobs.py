"""Writing, changing, deleting and reading postings."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.companies.models import Company
from app.core.clock import now, today
from app.core.outbox import Task
from app.extensions import db
from app.jobs.models import Job, JobCounters, JobStatus
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, CompanyFactory, JobFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]


def body_for(of: Company, /, **changes: Any) -> dict[str, Any]:
    """The least that a posting needs."""
    least = {"title": "Kỹ sư Điện", "description": "Thiết kế hệ thống điện.", "location": "Huế", "job_type": "FULL_TIME", "company": of.id}
    return {**least, **changes}


def indexed() -> list[int]:
    """The jobs that searchers were told of."""
    return sorted(args["job_id"] for args in db.session.scalars(select(Task.args).where(Task.name == "search.index_job")))


def test_a_recruiter_writes_a_draft_free_of_charge(sign_in: SignIn) -> None:
    company = CompanyFactory(name="Sao Mai", owner__job_posting_credits=3)

    made = sign_in(company.owner).post("/api/v1/jobs/", json=body_for(company))

    job = db.session.query(Job).one()
    assert made.status_code == 201
    assert made.json == {
        "id": job.id,
        "slug": f"ky-su-dien-{job.id}",
        "title": "Kỹ sư Điện",
        "company": {
            "id": company.id,
            "name": "Sao Mai",
            "slug": f"sao-mai-{company.id}",
            "logo": None,
            "website": None,
            "industry": "",
            "company_size": "",
            "location": "Đà Nẵng",
        },
        "company_id": company.id,
        "description": "Thiết kế hệ thống điện.",
        "requirements": "",
        "responsibilities": "",
        "benefits": "",
        "location": "Huế",
        "is_remote": False,
        "job_type": "FULL_TIME",
        "experience_level": None,
        "salary_min": None,
        "salary_max": None,
        "currency": "VND",
        "is_negotiable": False,
        "deadline": None,
        "status": "DRAFT",
        "is_deleted": False,
        "deleted_at": None,
        "views_count": 0,
        "applications_count": 0,
        "created_at": made.json["created_at"],
        "updated_at": made.json["updated_at"],
    }
    assert (job.version, job.published_at, company.owner.job_posting_credits) == (1, None, 3)
    assert indexed() == [job.id]


def test_a_form_may_send_text_ids_and_empty_fields(sign_in: SignIn) -> None:
    company = CompanyFactory()
    body = body_for(company, company_id=str(company.id), salary_min="5000000", salary_max="", deadline="", experience_level="", benefits=None)
    del body["company"]

    made = sign_in(company.owner).post("/api/v1/jobs/", json=body)

    assert made.status_code == 201
    assert [made.json[name] for name in ("salary_min", "salary_max", "deadline", "experience_level", "benefits")] == [5_000_000, None, None, None, ""]


@pytest.mark.parametrize("missing", ["title", "company", "description", "location", "job_type"])
def test_what_a_posting_needs(sign_in: SignIn, missing: str) -> None:
    company = CompanyFactory()
    body = body_for(company)
    del body[missing]

    answer = sign_in(company.owner).post("/api/v1/jobs/", json=body)

    assert (answer.status_code, answer.json["errors"]) == (400, {missing: ["This field is required."]})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"description": ""}, "description"),
        ({"job_type": "SOMETIMES"}, "job_type"),
        ({"experience_level": "GOD"}, "experience_level"),
        ({"currency": "BTC"}, "currency"),
        ({"salary_min": -1}, "salary_min"),
        ({"salary_min": 10**30}, "salary_min"),
        ({"salary_min": 2, "salary_max": 1}, "salary_max"),
        ({"deadline": "yesterday"}, "deadline"),
        ({"deadline": "2020-01-01"}, "deadline"),
        ({"status": "CLOSED"}, "status"),
        ({"status": "GONE"}, "status"),
        ({"company": "mine"}, "company"),
        ({"company": 0}, "company"),
        ({"company": True}, "company"),
        ({"salary_min": False}, "salary_min"),
        ({"salary_min": 1.5}, "salary_min"),
        ({"views_count": 9}, "views_count"),
        ({"is_deleted": True}, "is_deleted"),
        ({"slug": "x"}, "slug"),
        ({"title": "a\x00b"}, "title"),
    ],
)
def test_a_wrong_posting_names_its_field_and_adds_nothing(sign_in: SignIn, change: dict[str, Any], field: str) -> None:
    company = CompanyFactory()

    answer = sign_in(company.owner).post("/api/v1/jobs/", json=body_for(company, **change))

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]
    assert db.session.query(Job).count() == 0
    assert indexed() == []


def test_a_posting_is_for_a_live_company_of_ones_own(sign_in: SignIn) -> None:
    recruiter = RecruiterFactory()
    for company in (CompanyFactory(), CompanyFactory(owner=recruiter, deleted_at=now())):
        answer = sign_in(recruiter).post("/api/v1/jobs/", json=body_for(company))

        assert (answer.status_code, answer.json["company"]) == (400, ["Choose one of your companies."])
    assert db.session.query(Job).count() == 0


def test_the_role_is_checked_before_the_body(client: FlaskClient, sign_in: SignIn) -> None:
    answers = [caller.post("/api/v1/jobs/", json={}) for caller in (client, sign_in(CandidateFactory()), sign_in(AdminFactory()))]

    assert [answer.status_code for answer in answers] == [401, 403, 403]


def test_a_change_is_seen_at_once_and_told_to_searchers(client: FlaskClient, sign_in: SignIn) -> None:
    job = JobFactory()
    db.session.add(JobCounters(job_id=job.id, views=5, applications=2))
    db.session.commit()
    before = client.get(f"/api/v1/jobs/{job.id}/")

    changed = sign_in(job.company.owner).patch(f"/api/v1/jobs/{job.id}/", json={"title": "Kỹ sư dữ liệu", "salary_max": 40_000_000})
    after = client.get(f"/api/v1/jobs/{job.id}/", headers={"If-None-Match": before.headers["ETag"]})

    assert changed.status_code == 200
    assert changed.json == {**before.json, "title": "Kỹ sư dữ liệu", "slug": f"ky-su-du-lieu-{job.id}", "salary_max": 40_000_000} | {
        "updated_at": changed.json["updated_at"]
    }
    assert changed.json["updated_at"] > before.json["updated_at"]
    assert (changed.json["views_count"], changed.json["applications_count"]) == (5, 2)
    assert (after.status_code, after.json) == (200, changed.json)
    assert (job.version, indexed()) == (2, [job.id])


def test_a_patch_that_changes_nothing_is_no_change(sign_in: SignIn) -> None:
    job = JobFactory(deadline=today() - timedelta(days=3))
    was_edited_at = job.updated_at
    same = {"title": job.title, "company": job.company_id, "status": "OPEN", "deadline": str(job.deadline)}

    answer = sign_in(job.company.owner).patch(f"/api/v1/jobs/{job.id}/", json=same)

    assert answer.status_code == 200
    assert (job.version, job.updated_at, indexed()) == (1, was_edited_at, [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"salary_min": 35_000_001}, "salary_max"),
        ({"salary_max": 1}, "salary_max"),
        ({"deadline": "2020-01-01"}, "deadline"),
        ({"company": 1}, "company"),
        ({"currency": None}, "currency"),
        ({"version": 7}, "version"),
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(sign_in: SignIn, change: dict[str, Any], field: str) -> None:
    job = JobFactory()

    answer = sign_in(job.company.owner).patch(f"/api/v1/jobs/{job.id}/", json={"location": "Huế", **change})

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])
    assert (job.location, job.version, indexed()) == ("Hà Nội", 1, [])


def test_a_deleted_job_is_gone_for_the_public_and_stays_for_its_owner(client: FlaskClient, sign_in: SignIn) -> None:
    job = JobFactory()
    application = ApplicationFactory(job=job)
    owner, address = sign_in(job.company.owner), f"/api/v1/jobs/{job.id}/"
    assert client.get(address).status_code == 200

    gone = owner.delete(address)

    public, own = client.get(address), owner.get(address)
    assert (gone.status_code, gone.data) == (204, b"")
    assert (public.status_code, public.json["code"]) == (404, "job_not_found")
    assert (own.status_code, own.json["is_deleted"], own.json["status"]) == (200, True, "OPEN")
    assert own.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in own.headers
    assert (application.job_id, indexed()) == (job.id, [job.id])
    refused = [owner.delete(address), owner.patch(address, json={"title": "Mới"}), owner.post(f"{address}publish/"), owner.post(f"{address}close/")]
    assert [(answer.status_code, answer.json["code"]) for answer in refused] == [(409, "job_deleted")] * 4


@pytest.mark.parametrize("status", list(JobStatus))
def test_a_restored_job_has_the_status_from_before(client: FlaskClient, sign_in: SignIn, status: JobStatus) -> None:
    job = JobFactory(status=status, company__owner__job_posting_credits=0)
    owner, address = sign_in(job.company.owner), f"/api/v1/jobs/{job.id}/"
    owner.delete(address)

    restored = owner.post(f"{address}restore/")
    again = owner.post(f"{address}restore/")

    assert (restored.status_code, restored.json["status"], restored.json["is_deleted"]) == (200, status, False)
    assert (again.status_code, again.json["code"]) == (409, "illegal_transition")
    assert client.get(address).status_code == (200 if status == JobStatus.OPEN else 404)
    assert (job.version, job.company.owner.job_posting_credits) == (3, 0)


@pytest.mark.parametrize(
    ("method", "path"),
    [("patch", ""), ("delete", ""), ("post", "publish/"), ("post", "close/"), ("post", "restore/")],
    ids=lambda value: value or "itself",
)
def test_a_job_of_someone_else_is_not_there_to_be_changed(client: FlaskClient, sign_in: SignIn, method: str, path: str) -> None:
    job = JobFactory()

    def call(caller: FlaskClient) -> int:
        return getattr(caller, method)(f"/api/v1/jobs/{job.id}/{path}", json={"title": "Khác"}).status_code

    assert [call(caller) for caller in (client, sign_in(CandidateFactory()), sign_in(RecruiterFactory()))] == [401, 403, 404]
    assert (job.title, job.status, job.is_deleted, job.version) == ("Kỹ sư phần mềm", "OPEN", False, 1)


def test_an_admin_may_change_and_delete_any_job(sign_in: SignIn) -> None:
    job = JobFactory()
    admin = sign_in(AdminFactory())

    changed = admin.patch(f"/api/v1/jobs/{job.id}/", json={"title": "Đã sửa"})
    deleted = admin.delete(f"/api/v1/jobs/{job.id}/")

    assert (changed.status_code, changed.json["title"], deleted.status_code) == (200, "Đã sửa", 204)
    assert job.is_deleted


@pytest.mark.parametrize(
    "hidden", [{"status": JobStatus.DRAFT}, {"status": JobStatus.CLOSED}, {"deleted_at": now()}], ids=["draft", "closed", "deleted"]
)
def test_who_sees_a_job_that_is_not_public(client: FlaskClient, sign_in: SignIn, hidden: dict[str, Any]) -> None:
    job = JobFactory(**hidden)
    callers = {
        "anonymous": client,
        "candidate": sign_in(CandidateFactory()),
        "other recruiter": sign_in(RecruiterFactory()),
        "owner": sign_in(job.company.owner),
        "admin": sign_in(AdminFactory()),
    }

    seen = {name: caller.get(f"/api/v1/jobs/{job.id}/").status_code for name, caller in callers.items()}

    assert seen == {"anonymous": 404, "candidate": 404, "other recruiter": 404, "owner": 200, "admin": 200}


@pytest.mark.parametrize("prefix", ["/api/v1", "/api"])
def test_a_job_is_found_by_its_id_its_slug_and_an_older_slug(client: FlaskClient, prefix: str) -> None:
    job = JobFactory(title="Kỹ sư Điện 2")

    found = [client.get(f"{prefix}/jobs/{reference}/") for reference in (job.id, job.slug, f"ten-cu-{job.id}")]

    assert [answer.json["id"] for answer in found] == [job.id] * 3
    assert len({answer.headers["ETag"] for answer in found}) == 1
    assert found[0].json["slug"] == f"ky-su-dien-2-{job.id}"


@pytest.mark.parametrize(
    "reference", ["0", "999999999999999999", "9" * 30, "-1", "ky-su", "12x", "%00", "1%20", "٣", "1.0", "x-", "'; DROP TABLE jobs"]
)
def test_a_reference_that_names_no_job_is_not_found(client: FlaskClient, reference: str) -> None:
    JobFactory(id=1)

    answer = client.get(f"/api/v1/jobs/{reference}/")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
