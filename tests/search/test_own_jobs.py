"""`mine=true`: a recruiter's own jobs in any status, from the rows."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.clock import now
from app.extensions import db
from app.jobs.models import JobStatus
from tests.factories import AdminFactory, CandidateFactory, CompanyFactory, JobFactory, RecruiterFactory
from tests.search.board import SignIn, listed


def test_a_recruiter_sees_the_own_jobs_in_any_status_and_nobody_elses(sign_in: SignIn) -> None:
    recruiter = RecruiterFactory()
    first, second = CompanyFactory(owner=recruiter), CompanyFactory(owner=recruiter)
    JobFactory(title="Nháp", company=first, status=JobStatus.DRAFT)
    JobFactory(title="Đóng", company=second, status=JobStatus.CLOSED)
    JobFactory(title="Mở", company=first)
    JobFactory(title="Xóa", company=first, deleted_at=now())
    JobFactory(title="Của người khác")

    answer = sign_in(recruiter).get("/api/v1/jobs/?mine=true")

    assert sorted(job["title"] for job in answer.json["results"]) == ["Mở", "Nháp", "Đóng"]
    assert answer.json["count"] == 3


def test_own_jobs_are_filtered_searched_and_sorted(sign_in: SignIn) -> None:
    company = CompanyFactory(name="Sao Mai")
    JobFactory(title="Kỹ sư Điện", company=company, status=JobStatus.DRAFT, location="Huế")
    JobFactory(title="Kỹ sư Nước", company=company, status=JobStatus.CLOSED, location="Đà Nẵng")
    JobFactory(title="Thợ hàn", company=company, location="Đà Nẵng")
    caller = sign_in(company.owner)

    def mine(**parameters: Any) -> list[str]:
        return listed(caller, mine="true", ordering="title", **parameters)

    assert mine() == ["Kỹ sư Nước", "Kỹ sư Điện", "Thợ hàn"]
    assert mine(q="ky su") == ["Kỹ sư Nước", "Kỹ sư Điện"]
    assert mine(q="sao mai han") == ["Thợ hàn"]
    assert mine(location="da nang") == ["Kỹ sư Nước", "Thợ hàn"]
    assert mine(status="DRAFT,OPEN") == ["Kỹ sư Điện", "Thợ hàn"]
    assert mine(status=["CLOSED"], location="hue") == []
    assert mine(q="100%_") == []


@pytest.mark.parametrize("path", ["/api/v1/jobs/?mine=true", "/api/v1/jobs/?mine=1&q=x"])
def test_only_recruiters_have_jobs_of_their_own(client: FlaskClient, sign_in: SignIn, path: str) -> None:
    anonymous = client.get(path)
    candidate = sign_in(CandidateFactory()).get(path)
    admin = sign_in(AdminFactory()).get(path)

    assert (anonymous.status_code, anonymous.json["code"]) == (401, "unauthorized")
    assert (candidate.status_code, candidate.json["code"]) == (403, "wrong_role")
    assert (admin.status_code, admin.json["code"]) == (403, "wrong_role")


def test_mine_false_is_the_public_list(client: FlaskClient) -> None:
    JobFactory(title="Nháp", status=JobStatus.DRAFT)
    JobFactory(title="Mở")
    db.session.commit()

    assert listed(client, mine="false") == ["Mở"]
