"""Jobs like one that is being read."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.core.clock import now, today
from app.jobs.models import JobStatus
from app.search import relaxing, skills
from app.search.text import analyse
from tests.factories import CompanyFactory, JobFactory
from tests.search.board import listed, post


def path(job_id: int) -> str:
    return f"/api/v1/jobs/{job_id}/similar/"


def test_the_words_of_the_title_and_the_skills_count_and_the_job_itself_is_left_out(client: FlaskClient, engine_name: str) -> None:
    read = post("Lập trình viên Python", requirements="Thành thạo Django và C++.")
    post("Lập trình viên Python", description="Nhóm thanh toán.", created_at=now() - timedelta(days=9))
    post("Kỹ sư nhúng", requirements="Biết C++.")
    post("Thợ hàn")

    assert listed(client, path(read.id)) == ["Lập trình viên Python", "Kỹ sư nhúng"]


def test_jobs_at_the_same_place_come_first(client: FlaskClient, engine_name: str) -> None:
    read = post("Thợ hàn", location="Đà Nẵng")
    post("Thợ hàn bậc hai", location="Hà Nội")
    post("Thợ hàn bậc ba", location="Đà Nẵng", created_at=now() - timedelta(days=5))

    assert listed(client, path(read.id)) == ["Thợ hàn bậc ba", "Thợ hàn bậc hai"]


def test_words_that_many_jobs_have_are_left_aside(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaxing, "MANY", 4)
    read = post("Nhân viên lễ tân")
    post("Lễ tân khách sạn")
    for number in range(4):
        post(f"Nhân viên {number}")

    assert listed(client, path(read.id)) == ["Lễ tân khách sạn"]


def test_pages_follow_each_other(client: FlaskClient) -> None:
    read = post("Thợ hàn")
    for number in range(3):
        post(f"Thợ hàn {number}", created_at=now() - timedelta(days=number))

    first = client.get(f"{path(read.id)}?limit=2").json
    second = client.get(first["next"]).json

    assert (first["count"], [job["title"] for job in first["results"]]) == (3, ["Thợ hàn 0", "Thợ hàn 1"])
    assert ([job["title"] for job in second["results"]], second["next"]) == (["Thợ hàn 2"], None)


def test_nothing_is_like_a_job_of_its_own_kind(client: FlaskClient) -> None:
    assert listed(client, path(post("Phi hành gia").id)) == []
    assert listed(client, path(post("-- !! --", requirements="").id)) == []


def test_a_title_is_no_query(client: FlaskClient) -> None:
    read = post('Thợ hàn -sắt "bậc cao')
    post("Thợ hàn sắt")

    assert listed(client, path(read.id)) == ["Thợ hàn sắt"]


def test_who_cannot_read_the_job_sees_nothing_like_it(client: FlaskClient) -> None:
    hidden = [
        JobFactory(status=JobStatus.DRAFT),
        JobFactory(status=JobStatus.CLOSED),
        JobFactory(deleted_at=now()),
        JobFactory(deadline=today() - timedelta(days=1)),
        JobFactory(company=CompanyFactory(deleted_at=now())),
    ]

    assert {client.get(path(job_id)).status_code for job_id in [*(job.id for job in hidden), 10**9, 10**30]} == {404}


@pytest.mark.parametrize(("query", "field"), [("offset=1000", "offset"), ("ordering=title", "ordering"), ("limit=0", "limit")])
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"{path(post('Thợ hàn').id)}?{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])


def test_skills_are_found_by_their_accents_the_longest_first() -> None:
    found = skills.named_in(analyse("Biết React Native, Node.js; ke toan thue không, kế toán thuế có; react"))

    assert [" ".join(word.accented for word in phrase) for phrase in found] == ["react native", "nodejs", "kế toán thuế", "react"]
