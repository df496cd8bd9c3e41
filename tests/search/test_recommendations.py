"""Jobs for a candidate, from the primary résumé and the wishes."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.core.clock import now
from tests.factories import AdminFactory, CandidateFactory, RecruiterFactory, ResumeFactory
from tests.search.board import SignIn, listed, post

pytestmark = pytest.mark.usefixtures("engine_name")

PATH = "/api/v1/jobs/recommendations/"


def skills(*names: str) -> list[dict[str, object]]:
    return [{"id": number, "name": name, "level": 3} for number, name in enumerate(names, 1)]


def test_the_wished_title_the_resume_and_the_skills_count(sign_in: SignIn) -> None:
    candidate = CandidateFactory(desired_job_title="Kế toán trưởng")
    ResumeFactory(user_id=candidate.id, title="Kiểm toán viên", is_primary=True, skill_items=skills("Excel", "MISA"))
    post("Thợ hàn")
    post("Thủ kho", description="Cần biết MISA.")
    post("Kế toán trưởng")
    post("Kiểm toán viên")

    found = listed(sign_in(candidate), PATH)

    assert sorted(found[:2]) == ["Kiểm toán viên", "Kế toán trưởng"]
    assert found[2:] == ["Thủ kho"]


def test_a_long_title_does_not_fetch_jobs_that_share_one_of_its_words(sign_in: SignIn) -> None:
    candidate = CandidateFactory(desired_job_title="Nhân viên lập trình Python")
    post("Nhân viên bán hàng", description="Không cần kinh nghiệm.")
    post("Lập trình viên Python", description="Tuyển nhân viên.")

    assert listed(sign_in(candidate), PATH) == ["Lập trình viên Python"]


def test_jobs_at_the_desired_place_come_first_and_others_stay(sign_in: SignIn) -> None:
    candidate = CandidateFactory(desired_job_title="Thợ hàn", desired_location="da nang")
    post("Thợ hàn", location="Hà Nội", description="Mới.")
    post("Thợ hàn", location="Đà Nẵng", created_at=now() - timedelta(days=9))

    answer = sign_in(candidate).get(PATH)

    assert [job["location"] for job in answer.json["results"]] == ["Đà Nẵng", "Hà Nội"]


def test_without_wishes_or_without_a_match_the_newest_are_shown(sign_in: SignIn) -> None:
    post("Thợ hàn", created_at=now() - timedelta(days=2))
    post("Thợ mộc", created_at=now() - timedelta(days=1))

    assert listed(sign_in(CandidateFactory()), PATH) == ["Thợ mộc", "Thợ hàn"]
    assert listed(sign_in(CandidateFactory(desired_job_title="Phi hành gia")), PATH) == ["Thợ mộc", "Thợ hàn"]
    assert listed(sign_in(CandidateFactory(desired_job_title="-- !")), PATH, limit=1, offset=1) == ["Thợ hàn"]


def test_only_the_primary_resume_counts(sign_in: SignIn) -> None:
    candidate = CandidateFactory()
    ResumeFactory(user_id=candidate.id, title="Thợ hàn", is_primary=False)
    ResumeFactory(user_id=candidate.id, title="Thợ mộc", is_primary=True)
    post("Thợ hàn")
    post("Thợ mộc")

    assert listed(sign_in(candidate), PATH) == ["Thợ mộc"]


def test_recommendations_cannot_be_sorted_otherwise(sign_in: SignIn) -> None:
    answer = sign_in(CandidateFactory()).get(f"{PATH}?ordering=title")

    assert (answer.status_code, list(answer.json["errors"])) == (400, ["ordering"])


def test_recommendations_are_for_candidates(client: FlaskClient, sign_in: SignIn) -> None:
    assert client.get(PATH).status_code == 401
    assert sign_in(RecruiterFactory()).get(PATH).status_code == 403
    assert sign_in(AdminFactory()).get(PATH).status_code == 403
