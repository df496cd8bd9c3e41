"""Adding, changing, listing and deleting companies; a recruiter's figures."""

import io
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from app.accounts.models import User
from app.applications.models import ApplicationStatus
from app.companies.models import Company
from app.core.clock import now, today
from app.core.outbox import Task
from app.extensions import db
from app.jobs.models import Job, JobCounters, JobStatus
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, CompanyFactory, JobFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]


def picture(colour: str = "navy") -> io.BytesIO:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "PNG")
    out.seek(0)
    return out


def indexed() -> set[int]:
    """The jobs that searchers were told of."""
    return {args["job_id"] for args in db.session.scalars(select(Task.args).where(Task.name == "search.index_job"))}


def test_a_company_needs_only_a_name(client: FlaskClient, sign_in: SignIn) -> None:
    recruiter = RecruiterFactory()

    made = sign_in(recruiter).post("/api/v1/companies/", json={"name": " Công ty Điện Quang "})

    row = db.session.query(Company).one()
    assert made.status_code == 201
    assert made.json == {
        "id": row.id,
        "name": "Công ty Điện Quang",
        "slug": f"cong-ty-dien-quang-{row.id}",
        "logo": None,
        "website": None,
        "description": "",
        "industry": "",
        "company_size": "",
        "location": "",
        "created_at": made.json["created_at"],
        "updated_at": made.json["updated_at"],
        "open_jobs": 0,
    }
    assert made.json["created_at"] is not None
    assert row.owner_id == recruiter.id
    assert client.get(f"/api/v1/companies/{row.id}/").json == made.json


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"name": "A", "website": "javascript:alert(1)"}, "website"),
        ({"name": "A", "logo": "https://example.com/logo.png"}, "logo"),
        ({"name": "A", "owner_id": 7}, "owner_id"),
        ({"name": "A", "created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"name": "A", "description": "x" * 20_001}, "description"),
    ],
)
def test_a_wrong_company_names_its_field_and_adds_nothing(sign_in: SignIn, body: dict[str, Any], field: str) -> None:
    answer = sign_in(RecruiterFactory()).post("/api/v1/companies/", json=body)

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]
    assert db.session.query(Company).count() == 0


def test_a_name_is_taken_among_live_companies_whatever_its_case(sign_in: SignIn) -> None:
    recruiter = sign_in(RecruiterFactory())
    taken = CompanyFactory(name="Sao Mai")
    other = CompanyFactory(name="Sao Hôm", owner=taken.owner)

    again = recruiter.post("/api/v1/companies/", json={"name": "SAO MAI"})
    renamed = sign_in(taken.owner).patch(f"/api/v1/companies/{other.id}/", json={"name": "sao mai"})

    assert [(answer.status_code, answer.json["code"]) for answer in (again, renamed)] == [(409, "company_name_taken")] * 2
    assert db.session.get(Company, other.id).name == "Sao Hôm"
    taken.deleted_at = now()
    db.session.commit()
    assert recruiter.post("/api/v1/companies/", json={"name": "SAO MAI"}).status_code == 201


@pytest.mark.parametrize("lookalike", [unicodedata.normalize("NFD", "Điện tử Sao Mai"), "Điện tử  Sao\u00a0Mai", "Điện tử\nSao Mai "])
def test_a_name_that_looks_the_same_is_taken(sign_in: SignIn, lookalike: str) -> None:
    recruiter = sign_in(RecruiterFactory())
    recruiter.post("/api/v1/companies/", json={"name": "Điện tử Sao Mai"})

    answer = recruiter.post("/api/v1/companies/", json={"name": lookalike})

    assert (answer.status_code, answer.json["code"]) == (409, "company_name_taken")
    assert db.session.scalars(select(Company.name)).all() == ["Điện tử Sao Mai"]


def test_the_logo_is_served_to_anybody_and_only_while_it_is_one(client: FlaskClient, sign_in: SignIn) -> None:
    recruiter = sign_in(RecruiterFactory())
    made = recruiter.post("/api/v1/companies/", data={"name": "Sao Mai", "description": "[nội bộ]", "logo": (picture(), "logo.png")})
    address = made.json["logo"]

    served = client.get(address)
    again = client.get(address, headers={"If-None-Match": served.headers["ETag"]})
    replaced = recruiter.patch(f"/api/v1/companies/{made.json['id']}/", data={"logo": (picture("red"), "new.png")})
    removed = recruiter.patch(f"/api/v1/companies/{made.json['id']}/", json={"logo": None})

    assert (made.status_code, made.json["description"]) == (201, "[nội bộ]")
    assert (served.status_code, served.content_type) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(served.data)).size == (40, 20)
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Origin" in served.vary
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert (again.status_code, again.data) == (304, b"")
    assert replaced.json["logo"] not in {None, address}
    assert removed.json["logo"] is None
    assert [client.get(gone).status_code for gone in (address, replaced.json["logo"])] == [404, 404]


def test_a_stored_file_that_is_no_logo_is_not_served_as_one(client: FlaskClient, sign_in: SignIn) -> None:
    candidate = sign_in(CandidateFactory())
    avatar = candidate.patch("/api/v1/auth/me/", data={"avatar": (picture(), "me.png")}).json["avatar"]

    as_avatar = client.get(avatar)
    as_logo = client.get(avatar.replace("avatar", "logo"))

    assert as_avatar.status_code == 200
    assert as_logo.status_code == 404


def test_a_new_name_reaches_every_live_job_by_one_statement_a_table(sign_in: SignIn, count_queries: Callable[[], Any]) -> None:
    company = CompanyFactory(name="Sao Mai")
    jobs = JobFactory.create_batch(12, company=company)
    deleted = JobFactory(company=company, deleted_at=now())
    elsewhere = JobFactory()
    edited_at = jobs[0].updated_at
    owner = sign_in(company.owner)

    with count_queries() as statements:
        answer = owner.patch(f"/api/v1/companies/{company.id}/", json={"name": "Sao Hôm"})

    assert (answer.status_code, answer.json["name"], answer.json["open_jobs"]) == (200, "Sao Hôm", 12)
    assert indexed() == {job.id for job in jobs}
    assert [job.version for job in jobs] == [2] * 12
    assert (deleted.version, elsewhere.version) == (1, 1)
    assert jobs[0].updated_at == edited_at
    assert len([statement for statement in statements if statement.startswith(("UPDATE jobs", "INSERT INTO tasks"))]) == 2


def test_a_change_that_jobs_do_not_show_leaves_them_alone(sign_in: SignIn) -> None:
    job = JobFactory()

    answer = sign_in(job.company.owner).patch(f"/api/v1/companies/{job.company_id}/", json={"description": "Mới", "name": job.company.name})

    assert (answer.status_code, answer.json["description"]) == (200, "Mới")
    assert indexed() == set()
    assert job.version == 1


def test_deleting_a_company_hides_and_closes_its_jobs_and_keeps_the_applications(client: FlaskClient, sign_in: SignIn) -> None:
    company = CompanyFactory()
    is_open, draft = JobFactory(company=company), JobFactory(company=company, status=JobStatus.DRAFT)
    application = ApplicationFactory(job=is_open)
    owner = sign_in(company.owner)
    assert client.get(f"/api/v1/jobs/{is_open.id}/").status_code == 200

    gone = owner.delete(f"/api/v1/companies/{company.id}/")

    assert (gone.status_code, gone.data) == (204, b"")
    assert client.get(f"/api/v1/companies/{company.id}/").status_code == 404
    assert client.get(f"/api/v1/jobs/{is_open.id}/").status_code == 404
    assert [(job.status, job.is_deleted, job.version) for job in (is_open, draft)] == [("CLOSED", True, 2), ("DRAFT", True, 2)]
    assert indexed() == {is_open.id, draft.id}
    assert application.job_id == is_open.id
    assert owner.delete(f"/api/v1/companies/{company.id}/").status_code == 404
    restored = owner.post(f"/api/v1/jobs/{is_open.id}/restore/")
    assert (restored.status_code, restored.json["code"]) == (409, "company_deleted")


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_company_of_someone_else_is_not_there(client: FlaskClient, sign_in: SignIn, method: str) -> None:
    company = CompanyFactory(name="Sao Mai")
    address = f"/api/v1/companies/{company.id}/"

    stranger = getattr(sign_in(RecruiterFactory()), method)(address, json={"name": "Khác"})
    candidate = getattr(sign_in(CandidateFactory()), method)(address, json={"name": ""})
    anonymous = getattr(client, method)(address, json={"name": ""})

    assert [answer.status_code for answer in (stranger, candidate, anonymous)] == [404, 403, 401]
    assert (company.name, company.deleted_at) == ("Sao Mai", None)


def test_only_recruiters_add_companies(client: FlaskClient, sign_in: SignIn) -> None:
    answers = [caller.post("/api/v1/companies/", json={}) for caller in (client, sign_in(CandidateFactory()), sign_in(AdminFactory()))]

    assert [answer.status_code for answer in answers] == [401, 403, 403]


def test_an_admin_may_delete_any_company(sign_in: SignIn) -> None:
    company = CompanyFactory()

    answer = sign_in(AdminFactory()).delete(f"/api/v1/companies/{company.id}/")

    assert answer.status_code == 204
    assert company.is_deleted


def test_the_list_finds_names_without_accents_and_counts_open_jobs(client: FlaskClient) -> None:
    found = CompanyFactory(name="Điện lực Đà Nẵng")
    JobFactory(company=found)
    JobFactory(company=found, deadline=today() - timedelta(days=1))
    JobFactory(company=found, status=JobStatus.DRAFT)
    JobFactory(company=found, deleted_at=now())
    CompanyFactory(name="100% Việt"), CompanyFactory(name="Điện máy", deleted_at=now())

    by_plain = client.get("/api/v1/companies/?q=dien luc da nang")
    by_search = client.get("/api/v1/companies/?search=ĐIỆN")
    by_sign = client.get("/api/v1/companies/?q=%25")

    assert [(row["name"], row["open_jobs"]) for row in by_plain.json["results"]] == [("Điện lực Đà Nẵng", 1)]
    assert [row["name"] for row in by_search.json["results"]] == ["Điện lực Đà Nẵng"]
    assert [row["name"] for row in by_sign.json["results"]] == ["100% Việt"]


def test_the_list_is_newest_first_and_pages(client: FlaskClient) -> None:
    names = [CompanyFactory(name=name).name for name in ("A", "B", "C")]

    first = client.get("/api/v1/companies/?limit=2")
    by_name = client.get("/api/v1/companies/?ordering=name")
    wrong = client.get("/api/v1/companies/?ordering=owner_id")

    assert (first.json["count"], [row["name"] for row in first.json["results"]]) == (3, ["C", "B"])
    assert first.json["previous"] is None
    assert [row["name"] for row in client.get(first.json["next"]).json["results"]] == ["A"]
    assert [row["name"] for row in by_name.json["results"]] == names
    assert (wrong.status_code, list(wrong.json["errors"])) == (400, ["ordering"])


def test_the_list_costs_the_same_queries_however_long(client: FlaskClient, count_queries: Callable[[], Any]) -> None:
    counts = []
    for more in (3, 30):
        JobFactory.create_batch(more)
        with count_queries() as statements:
            client.get("/api/v1/companies/?limit=100")
        counts.append(len(statements))

    assert counts == [3, 3]


def test_mine_lists_a_recruiters_own(client: FlaskClient, sign_in: SignIn) -> None:
    own = CompanyFactory(name="Của tôi")
    CompanyFactory(name="Của người khác")

    mine = sign_in(own.owner).get("/api/v1/companies/?mine=true")
    others = [caller.get("/api/v1/companies/?mine=1") for caller in (client, sign_in(CandidateFactory()))]

    assert [row["id"] for row in mine.json["results"]] == [own.id]
    assert [answer.status_code for answer in others] == [401, 403]


def test_the_figures_are_over_all_own_companies(client: FlaskClient, sign_in: SignIn) -> None:
    ends_at = now() + timedelta(days=30)
    recruiter = RecruiterFactory(job_posting_credits=7, membership_expires_at=ends_at)
    first, second = CompanyFactory(owner=recruiter), CompanyFactory(owner=recruiter)
    live = JobFactory(company=first)
    JobFactory(company=second, status=JobStatus.CLOSED)
    JobFactory(company=second, deadline=today() - timedelta(days=1))
    deleted = JobFactory(company=first, deleted_at=now())
    db.session.add_all([JobCounters(job_id=live.id, views=11), JobCounters(job_id=deleted.id, views=100)])
    ApplicationFactory(job=live), ApplicationFactory(job=deleted), ApplicationFactory(job=live, status=ApplicationStatus.REJECTED)
    ApplicationFactory()

    answer = sign_in(recruiter).get("/api/v1/companies/stats/")

    assert answer.json == {
        "overview": {
            "total_jobs": 3,
            "active_jobs": 1,
            "total_views": 11,
            "credits_left": 7,
            "membership_expires_at": ends_at.isoformat().replace("+00:00", "Z"),
        },
        "applications": {"total": 3, "new": 2},
    }
    assert client.get("/api/v1/companies/stats/").status_code == 401
    assert sign_in(CandidateFactory()).get("/api/v1/companies/stats/").status_code == 403


def test_a_recruiter_without_companies_has_zeros(sign_in: SignIn) -> None:
    answer = sign_in(RecruiterFactory(job_posting_credits=0)).get("/api/v1/companies/stats/")

    assert answer.json["overview"] == {"total_jobs": 0, "active_jobs": 0, "total_views": 0, "credits_left": 0, "membership_expires_at": None}
    assert answer.json["applications"] == {"total": 0, "new": 0}


def test_the_jobs_of_a_renamed_company_show_it_at_once(client: FlaskClient, sign_in: SignIn) -> None:
    job = JobFactory(company__name="Cũ")
    before = client.get(f"/api/v1/jobs/{job.id}/")

    sign_in(job.company.owner).patch(f"/api/v1/companies/{job.company_id}/", json={"name": "Mới"})
    after = client.get(f"/api/v1/jobs/{job.id}/", headers={"If-None-Match": before.headers["ETag"]})

    assert before.json["company"]["name"] == "Cũ"
    assert (after.status_code, after.json["company"]["name"]) == (200, "Mới")
    assert db.session.get(Job, job.id).title == before.json["title"]
