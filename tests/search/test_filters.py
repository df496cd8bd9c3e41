"""Narrowing and sorting: the list from the rows and the search from the index agree."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.core.clock import now, today
from app.jobs.models import Currency, ExperienceLevel, JobType
from tests.factories import CompanyFactory
from tests.search.board import listed, post, search

pytestmark = pytest.mark.usefixtures("engine_name")

PATHS = ("/api/v1/jobs/", "/api/v1/jobs/search/")
UNSTATED = {"salary_min": None, "salary_max": None}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("lowest", "highest", "wanted", "is_kept"),
    [
        # salary_min=X keeps jobs whose pay reaches X.
        (20, 35, {"salary_min": 35}, True),
        (20, 35, {"salary_min": 36}, False),
        (20, None, {"salary_min": 20}, True),
        (20, None, {"salary_min": 21}, False),
        (None, 35, {"salary_min": 35}, True),
        (None, 35, {"salary_min": 36}, False),
        (None, None, {"salary_min": 0}, False),
        # salary_max=Y keeps those that begin at or below Y.
        (20, 35, {"salary_max": 20}, True),
        (20, 35, {"salary_max": 19}, False),
        (20, None, {"salary_max": 20}, True),
        (None, 35, {"salary_max": 35}, True),
        (None, 35, {"salary_max": 34}, False),
        (None, None, {"salary_max": 10**9}, False),
        # Both.
        (20, 35, {"salary_min": 30, "salary_max": 25}, True),
        (20, 35, {"salary_min": 30, "salary_max": 15}, False),
        # Amounts are of one currency, VND unless said.
        (20, 35, {"salary_min": 30, "currency": "USD"}, False),
        (20, 35, {"salary_min": 30, "currency": "VND"}, True),
        (None, None, {}, True),
        (None, None, {"currency": "VND"}, True),
        (None, None, {"currency": "USD"}, False),
    ],
)
def test_pay(client: FlaskClient, path: str, lowest: int | None, highest: int | None, wanted: dict[str, object], is_kept: bool) -> None:
    post("Thợ hàn", salary_min=lowest, salary_max=highest, is_negotiable=True)

    assert listed(client, path, **wanted) == (["Thợ hàn"] if is_kept else [])


def test_pay_in_dollars_is_never_taken_for_pay_in_dong(client: FlaskClient) -> None:
    post("Thợ hàn", salary_min=200_000, salary_max=300_000, currency=Currency.USD)

    assert listed(client, salary_min=100_000) == []
    assert listed(client, salary_min=300_000, currency="USD") == ["Thợ hàn"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("location", "typed", "is_kept"),
    [
        ("Đà Nẵng", "da nang", True),
        ("Quận Hải Châu, Đà Nẵng", "ĐÀ NẴNG", True),
        ("Da Nang City", "Đà Nẵng", True),
        ("TP. Hồ Chí Minh", "hcm", True),
        ("Quận 1, TP.HCM", "Sài Gòn", True),
        ("Hà Nội", "hn", True),
        ("Hanoi", "Hà Nội", True),
        ("TP. Hồ Chí Minh", "Hồ Chí M", True),
        ("Đà Nẵng", "nang", True),
        ("Đà Nẵng", "Đà Lạt", False),
        ("Hà Nội", "ho chi minh", False),
        ("Hà Nội", "%", True),
        ("Hà Nội", "100%_", False),
    ],
)
def test_places_ignore_case_accents_and_the_way_they_are_called(client: FlaskClient, path: str, location: str, typed: str, is_kept: bool) -> None:
    post("Thợ hàn", location=location)

    assert listed(client, path, location=typed) == (["Thợ hàn"] if is_kept else [])


@pytest.mark.parametrize("path", PATHS)
def test_types_and_levels_may_be_repeated_or_separated_by_commas(client: FlaskClient, path: str) -> None:
    day = timedelta(days=1)
    post("Một", job_type=JobType.FULL_TIME, experience_level=ExperienceLevel.SENIOR, created_at=now() - day)
    post("Hai", job_type=JobType.PART_TIME, experience_level=ExperienceLevel.LEAD, created_at=now() - 2 * day)
    post("Ba", job_type=JobType.CONTRACT, experience_level=None, created_at=now() - 3 * day)

    assert listed(client, path, job_type="FULL_TIME") == ["Một"]
    assert listed(client, path, job_type="FULL_TIME, CONTRACT") == ["Một", "Ba"]
    assert listed(client, path, job_type=["PART_TIME", "CONTRACT"]) == ["Hai", "Ba"]
    assert listed(client, path, experience_level="SENIOR,LEAD", job_type="PART_TIME") == ["Hai"]
    assert listed(client, path, job_type="") == ["Một", "Hai", "Ba"]


@pytest.mark.parametrize("path", PATHS)
def test_company_remote_and_age(client: FlaskClient, path: str) -> None:
    company = CompanyFactory()
    post("Một", company=company, is_remote=True, created_at=now() - timedelta(hours=1))
    post("Hai", created_at=now() - timedelta(days=6))
    post("Ba", created_at=now() - timedelta(days=8))

    assert listed(client, path, company=company.id) == ["Một"]
    assert listed(client, path, company=f"{company.id},{10**15}") == ["Một"]
    assert listed(client, path, remote="true") == ["Một"]
    assert listed(client, path, remote="0") == ["Hai", "Ba"]
    assert listed(client, path, posted_within=7) == ["Một", "Hai"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        (None, ["Ba", "Hai", "Một"]),
        ("-created_at", ["Ba", "Hai", "Một"]),
        ("created_at", ["Một", "Hai", "Ba"]),
        ("-salary_max", ["Hai", "Một", "Ba"]),
        ("salary_max", ["Một", "Hai", "Ba"]),
        ("deadline", ["Ba", "Hai", "Một"]),
        ("-deadline", ["Hai", "Ba", "Một"]),
        ("title", ["Ba", "Hai", "Một"]),
        ("-title", ["Một", "Hai", "Ba"]),
        ("relevance", ["Ba", "Hai", "Một"]),
    ],
)
def test_orderings_put_what_is_unknown_last(client: FlaskClient, path: str, ordering: str | None, expected: list[str]) -> None:
    post("Một", salary_min=None, salary_max=10, deadline=None, created_at=now() - timedelta(days=3))
    post("Hai", salary_min=None, salary_max=20, deadline=today() + timedelta(days=9), created_at=now() - timedelta(days=2))
    post("Ba", **UNSTATED, deadline=today() + timedelta(days=3), created_at=now() - timedelta(days=1))

    assert listed(client, path, **({"ordering": ordering} if ordering else {})) == expected


def test_a_search_may_be_sorted_by_other_than_relevance(client: FlaskClient) -> None:
    post("Thợ hàn", description="Hàn, hàn, hàn.", salary_max=30_000_000)
    post("Phụ việc hàn và mọi việc khác trong xưởng cơ khí", salary_max=90_000_000)

    by_pay = [job["salary_max"] for job in search(client, q="hàn", ordering="-salary_max")["results"]]

    assert by_pay == [90_000_000, 30_000_000]
