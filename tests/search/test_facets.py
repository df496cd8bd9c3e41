"""Counts for narrowing a search: each facet as if its own filter were not set."""

import pytest
from flask.testing import FlaskClient

from app.extensions import db
from app.jobs.models import ExperienceLevel, JobType
from tests.factories import CompanyFactory
from tests.search.board import index, post, search

pytestmark = pytest.mark.usefixtures("engine_name")


def counts(facet: list[dict[str, object]]) -> dict[object, object]:
    return {entry["value"]: entry["count"] for entry in facet}


def test_each_value_is_counted_the_most_frequent_first(client: FlaskClient) -> None:
    sao_mai, ban_mai = CompanyFactory(name="Sao Mai"), CompanyFactory(name="Ban Mai")
    post("Một", company=sao_mai, location="Hà Nội", job_type=JobType.FULL_TIME, experience_level=None)
    post("Hai", company=sao_mai, location="Huế", job_type=JobType.FULL_TIME, experience_level=ExperienceLevel.LEAD, is_remote=True)
    post("Ba", company=ban_mai, location="Huế", job_type=JobType.CONTRACT, experience_level=ExperienceLevel.LEAD)

    found = search(client)

    assert found["count"] == 3
    assert found["facets"] == {
        "job_type": [{"value": "FULL_TIME", "count": 2}, {"value": "CONTRACT", "count": 1}],
        "experience_level": [{"value": "LEAD", "count": 2}],
        "location": [{"value": "Huế", "count": 2}, {"value": "Hà Nội", "count": 1}],
        "company": [{"value": sao_mai.id, "label": "Sao Mai", "count": 2}, {"value": ban_mai.id, "label": "Ban Mai", "count": 1}],
        "remote": [{"value": False, "count": 2}, {"value": True, "count": 1}],
    }


def test_a_facet_ignores_its_own_filter_and_no_other(client: FlaskClient) -> None:
    post("Thợ hàn", location="Huế", job_type=JobType.FULL_TIME)
    post("Thợ hàn", location="Huế", job_type=JobType.CONTRACT)
    post("Thợ hàn", location="Hà Nội", job_type=JobType.CONTRACT)
    post("Thợ mộc", location="Huế", job_type=JobType.PART_TIME)

    found = search(client, q="hàn", job_type="CONTRACT", location="hue")

    assert found["count"] == 1
    assert counts(found["facets"]["job_type"]) == {"CONTRACT": 1, "FULL_TIME": 1}
    assert counts(found["facets"]["location"]) == {"Huế": 1, "Hà Nội": 1}
    assert counts(found["facets"]["remote"]) == {False: 1}


def test_a_search_that_a_filter_empties_still_tells_what_there_is(client: FlaskClient) -> None:
    post("Thợ hàn", job_type=JobType.CONTRACT)

    found = search(client, q="hàn", job_type="PART_TIME")

    assert (found["count"], found["results"], found["relaxed"]) == (0, [], False)
    assert counts(found["facets"]["job_type"]) == {"CONTRACT": 1}


def test_at_most_ten_values_are_shown(client: FlaskClient) -> None:
    for number in range(12):
        post("Thợ hàn", location=f"Tỉnh {number:02}")
    post("Thợ hàn", location="Tỉnh 11")

    found = search(client, q="hàn")

    assert found["count"] == 13
    assert [entry["value"] for entry in found["facets"]["location"]] == ["Tỉnh 11", *(f"Tỉnh {number:02}" for number in range(9))]


def test_a_renamed_company_has_its_new_name_once_its_jobs_are_indexed(client: FlaskClient) -> None:
    job = post("Thợ hàn")
    job.company.name = "Bình Minh"
    job.version += 1
    index(job)
    db.session.commit()

    found = search(client, q="binh minh")

    assert [entry["label"] for entry in found["facets"]["company"]] == ["Bình Minh"]
