"""What a searcher finds, in which order, and what is never shown."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.clock import now, today
from app.extensions import db
from app.jobs.models import Job, JobCounters, JobStatus
from tests.factories import CompanyFactory, JobFactory
from tests.search.board import index, post, search, titles

pytestmark = pytest.mark.usefixtures("engine_name")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Kỹ sư Điện", "ky su"),
        ("Ky su Dien", "Kỹ sư"),
        ("Giám đốc Điều hành", "DIEU HANH"),
        ("Lập trình viên", "developer"),
        ("Nhân viên kinh doanh", "sales"),
        ("Khách sạn Hoà Bình", "hòa bình"),
        ("Lập trình viên C++", "c++"),
        ("Chuyên viên .NET", "dot net"),
    ],
)
def test_a_job_is_found_whatever_the_accents_and_by_other_words_for_it(client: FlaskClient, engine_name: str, title: str, text: str) -> None:
    post(title)
    post("Thợ hàn")

    found = search(client, q=text)

    assert titles(found) == [title]
    assert (found["count"], found["relaxed"], found["corrected"]) == (1, False, None)
    assert (found["engine"], found["degraded"]) == (engine_name, False)


def test_the_accents_typed_come_first_but_without_accents_all_are_equal(client: FlaskClient) -> None:
    post("Bán hàng", created_at=now() - timedelta(days=2))
    post("Ban hang", created_at=now() - timedelta(days=1))

    with_accents = titles(search(client, q="bán hàng"))
    without = titles(search(client, q="ban hang"))

    assert with_accents == ["Bán hàng", "Ban hang"]
    assert without == ["Ban hang", "Bán hàng"]


def test_title_comes_before_company_and_company_before_description(client: FlaskClient) -> None:
    post("Thợ hàn", description="Cơ hội cho người từng làm Kafka.")
    post("Thợ mộc", company=CompanyFactory(name="Kafka"))
    post("Thợ sơn Kafka", created_at=now() - timedelta(days=60))

    assert titles(search(client, q="kafka")) == ["Thợ sơn Kafka", "Thợ mộc", "Thợ hàn"]


def test_words_in_a_row_come_before_scattered_ones(client: FlaskClient) -> None:
    post("Trưởng nhóm dự án, kế hoạch và tài chính nhóm", description="Quản lý.")
    post("Trưởng dự án", created_at=now() - timedelta(days=20))
    post("Dự án trưởng thành", created_at=now() - timedelta(days=1))

    assert titles(search(client, q="trưởng dự án"))[0] == "Trưởng dự án"


def test_a_fresh_job_comes_before_a_stale_one_but_not_before_a_better_one(client: FlaskClient) -> None:
    post("Thợ hàn", created_at=now() - timedelta(days=90))
    post("Thợ hàn", description="Mới đăng.", created_at=now())
    post("Thợ mộc", description="Cần biết hàn.", created_at=now())

    found = search(client, q="hàn")

    assert titles(found) == ["Thợ hàn", "Thợ hàn", "Thợ mộc"]
    assert found["results"][0]["description"] == "Mới đăng."


def test_a_phrase_does_not_match_across_fields(client: FlaskClient) -> None:
    post("Kế toán", company=CompanyFactory(name="Trưởng Thành"))

    found = search(client, q='"kế toán trưởng"')

    assert found["relaxed"] is True
    assert titles(found) == ["Kế toán"]


def test_an_excluded_word_excludes(client: FlaskClient) -> None:
    post("Lập trình viên Java")
    post("Lập trình viên Python")

    assert titles(search(client, q="lập trình viên -java")) == ["Lập trình viên Python"]
    assert titles(search(client, q="-python")) == ["Lập trình viên Java"]


def close(job: Job) -> None:
    job.status = JobStatus.CLOSED


def draft(job: Job) -> None:
    job.status = JobStatus.DRAFT


def delete(job: Job) -> None:
    job.deleted_at = now()


def expire(job: Job) -> None:
    job.deadline = today() - timedelta(days=1)


def delete_company(job: Job) -> None:
    job.company.deleted_at = now()


@pytest.mark.parametrize("change", [close, draft, delete, expire, delete_company])
def test_a_stale_index_shows_nothing_that_is_not_open(client: FlaskClient, change: Any) -> None:
    job = post("Kỹ sư Điện")
    change(job)
    db.session.commit()

    for path in ("/api/v1/jobs/search/?q=ky%20su", "/api/v1/jobs/?q=ky%20su"):
        assert client.get(path).json["results"] == []


@pytest.mark.parametrize("change", [close, draft, delete, expire, delete_company])
def test_a_true_index_does_not_count_what_is_not_open(client: FlaskClient, change: Any) -> None:
    job = post("Kỹ sư Điện")
    change(job)
    job.version += 1
    index(job)

    found = search(client, q="ky su")

    assert (found["count"], found["facets"]["company"]) == (0, [])


def test_a_deadline_of_today_is_not_past(client: FlaskClient) -> None:
    post("Thợ hàn", deadline=today())
    post("Thợ mộc", deadline=None)

    assert sorted(titles(search(client, q="thợ"))) == ["Thợ hàn", "Thợ mộc"]


@pytest.mark.parametrize("text", ["", "* | & !", "… – !", "''\\", ":*", "<->", '"'])
def test_a_text_without_words_lists_the_newest(client: FlaskClient, text: str) -> None:
    post("Thợ hàn", created_at=now() - timedelta(days=1))
    post("Thợ mộc")

    assert titles(search(client, q=text)) == ["Thợ mộc", "Thợ hàn"]


@pytest.mark.parametrize("text", ["'; DROP TABLE jobs; --", "(((((", "a' || 'b", "%_%", "\u202e\ufeff", "日本語 -Ж", "a" * 200, "1e5a:*", "\\x00"])
def test_hostile_texts_are_harmless(client: FlaskClient, text: str) -> None:
    post("Thợ hàn")

    assert search(client, q=text)["count"] <= 1


def test_a_half_of_a_character_is_harmless(client: FlaskClient) -> None:
    post("Thợ hàn")

    answer = client.get("/api/v1/jobs/search/?q=%ED%A0%80h%C3%A0n%FF")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=" + "a" * 201, "q"),
        ("search=" + "a" * 201, "search"),
        ("q=a%00b", "q"),
        ("job_type=SLAVERY", "job_type"),
        ("job_type=FULL_TIME,NONE", "job_type"),
        ("experience_level=guru", "experience_level"),
        ("company=abc", "company"),
        ("company=0", "company"),
        ("salary_min=-1", "salary_min"),
        ("salary_max=much", "salary_max"),
        ("currency=EUR", "currency"),
        ("remote=perhaps", "remote"),
        ("posted_within=0", "posted_within"),
        ("ordering=views", "ordering"),
        ("ordering=-relevance", "ordering"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
        ("location=" + "a" * 101, "location"),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str, field: str) -> None:
    for path in ("/api/v1/jobs/", "/api/v1/jobs/search/"):
        answer = client.get(f"{path}?{query}")

        assert answer.status_code == 400
        assert list(answer.json["errors"]) == [field]


def test_pages_follow_each_other_and_keep_what_was_asked(client: FlaskClient) -> None:
    for number in range(5):
        post(f"Thợ hàn {number}", created_at=now() - timedelta(days=number))

    first = search(client, q="thợ", limit=2, job_type=["FULL_TIME", "PART_TIME"])
    second = client.get(first["next"]).json
    last = client.get(second["next"]).json

    assert [titles(page) for page in (first, second, last)] == [["Thợ hàn 0", "Thợ hàn 1"], ["Thợ hàn 2", "Thợ hàn 3"], ["Thợ hàn 4"]]
    assert [page["count"] for page in (first, second, last)] == [5, 5, 5]
    assert first["previous"] is None
    assert last["next"] is None
    assert client.get(second["previous"]).json["results"] == first["results"]


def test_hits_are_whole_jobs_in_a_constant_number_of_queries(client: FlaskClient, engine_name: str, count_queries: Any) -> None:
    for number in range(8):
        job = post(f"Thợ hàn {number}", company=CompanyFactory(name=f"Xưởng {number}"))
        db.session.add(JobCounters(job_id=job.id, views=number, applications=2 * number))
    db.session.commit()

    with count_queries() as few:
        search(client, q="thợ", limit=2)
    with count_queries() as many:
        found = search(client, q="thợ", limit=8)

    third = next(job for job in found["results"] if job["title"] == "Thợ hàn 3")
    assert len(few) == len(many) == {"postgresql": 4, "elasticsearch": 1}[engine_name]
    assert (third["views_count"], third["applications_count"], third["company"]["name"]) == (3, 6, "Xưởng 3")
    assert set(third) >= {"id", "slug", "description", "salary_min", "currency", "created_at"}


def test_facets_name_their_companies_also_where_no_job_is_shown(client: FlaskClient, engine_name: str) -> None:
    company = CompanyFactory(name='Xưởng "Ấm" & Bền')
    job = post("Thợ hàn", company=company)
    named = [{"value": company.id, "label": 'Xưởng "Ấm" & Bền', "count": 1}]

    assert search(client, q="thợ")["facets"]["company"] == named
    assert search(client, q="thợ", offset=1)["facets"]["company"] == named

    close(job)
    db.session.commit()
    assert search(client, q="thợ")["facets"]["company"] == named
    company.deleted_at = now()
    db.session.commit()
    assert search(client, q="thợ")["facets"]["company"] == []


def test_the_list_takes_a_text_too(client: FlaskClient) -> None:
    post("Thợ hàn")
    post("Thợ mộc")

    answer = client.get("/api/jobs?search=mộc")

    assert titles(answer.json) == ["Thợ mộc"]
    assert set(answer.json) == {"count", "next", "previous", "results"}


def test_a_job_is_listed_before_it_is_indexed(client: FlaskClient) -> None:
    JobFactory(title="Thợ hàn", location="Đà Nẵng")
    db.session.commit()

    assert titles(client.get("/api/v1/jobs/?location=da%20nang").json) == ["Thợ hàn"]
