"""Pages of jobs: by offset, and by a cursor that keeps its place while jobs come and go."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from app.core.clock import now, today
from app.jobs.models import Job, JobStatus
from app.search import criteria
from tests.factories import CandidateFactory, CompanyFactory, JobFactory
from tests.search.board import SignIn, index, post, search, titles

pytestmark = pytest.mark.usefixtures("engine_name")

SEARCH, LIST = "/api/v1/jobs/search/?q=thợ&", "/api/v1/jobs/?"


def post_several(number: int) -> list[Job]:
    """Jobs `Thợ 0`, `Thợ 1` and so on, each a day older, less paid and longer open than the one before; the third states no pay nor deadline."""
    jobs = []
    for place in range(number):
        values = {"salary_max": 90_000_000 - place * 1_000_000, "deadline": today() + timedelta(days=place)}
        told = values if place != 2 else {"salary_min": None, "salary_max": None, "deadline": None}
        jobs.append(post(f"Thợ {place}", created_at=now() - timedelta(days=place), **told))
    return jobs


def follow(client: FlaskClient, path: str) -> list[str]:
    """The titles of the page and of all that follow it."""
    found: list[str] = []
    following: str | None = path
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        found += titles(answer.json)
        following = answer.json["next"]
    return found


@pytest.mark.parametrize("path", [SEARCH, LIST])
@pytest.mark.parametrize(
    "ordering", ["relevance", "created_at", "-created_at", "salary_max", "-salary_max", "deadline", "-deadline", "title", "-title"]
)
def test_following_pages_shows_every_job_once_in_the_order_of_one_long_page(client: FlaskClient, path: str, ordering: str) -> None:
    post_several(7)
    whole = titles(client.get(f"{path}ordering={ordering}").json)

    assert len(whole) == 7
    assert follow(client, f"{path}ordering={ordering}&limit=2") == whole
    assert follow(client, f"{path}ordering={ordering}&limit=2&offset=1") == whole[1:]


@pytest.mark.parametrize("path", [SEARCH, LIST])
def test_jobs_that_come_and_go_meanwhile_move_nothing(client: FlaskClient, path: str) -> None:
    jobs = post_several(5)
    first = client.get(f"{path}limit=2").json
    post("Thợ mới", created_at=now() + timedelta(seconds=1))
    jobs[0].status, jobs[0].version = JobStatus.CLOSED, 2
    index(jobs[0])

    assert titles(first) == ["Thợ 0", "Thợ 1"]
    assert follow(client, first["next"]) == ["Thợ 2", "Thợ 3", "Thợ 4"]


def test_a_recruiters_own_jobs_follow_each_other_too(client: FlaskClient, sign_in: SignIn) -> None:
    company = CompanyFactory()
    for number in range(3):
        JobFactory(title=f"Thợ {number}", company=company, created_at=now() - timedelta(days=number))

    assert follow(sign_in(company.owner), f"{LIST}mine=true&limit=1") == ["Thợ 0", "Thợ 1", "Thợ 2"]


@pytest.mark.parametrize(("text", "corrected", "relaxed"), [("thow", "tho", False), ("thợ zzzz", None, True), ("th", None, False)])
def test_pages_go_on_with_the_reading_that_found_something(client: FlaskClient, text: str, corrected: str | None, relaxed: bool) -> None:
    post_several(3)

    first = search(client, q=text, limit=1)
    post(text, created_at=now() + timedelta(seconds=1))
    second = client.get(first["next"]).json

    assert [(page["corrected"], page["relaxed"]) for page in (first, second)] == [(corrected, relaxed)] * 2
    assert titles(first) + titles(second) == ["Thợ 0", "Thợ 1"]


def test_one_walks_back_by_the_previous_pages(client: FlaskClient) -> None:
    post_several(4)
    first = search(client, q="thợ", limit=2)

    second = client.get(first["next"]).json

    assert client.get(second["previous"]).json["results"] == first["results"]
    assert first["previous"] is None


def test_the_limit_may_change_between_pages(client: FlaskClient) -> None:
    post_several(5)
    following = search(client, q="thợ", limit=1)["next"]

    assert titles(client.get(following.replace("limit=1", "limit=3")).json) == ["Thợ 1", "Thợ 2", "Thợ 3"]


def cursor_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["cursor"][0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda cursor: f"{SEARCH}cursor={cursor[:-1]}", "cursor"),
        (lambda cursor: f"{SEARCH}cursor=abc", "cursor"),
        (lambda cursor: f"{SEARCH}cursor=%ED%A0%80", "cursor"),
        (lambda cursor: f"{SEARCH}cursor={'a' * 1001}", "cursor"),
        (lambda cursor: f"{SEARCH}cursor={cursor}&remote=true", "cursor"),
        (lambda cursor: f"{SEARCH}cursor={cursor}&ordering=title", "cursor"),
        (lambda cursor: f"/api/v1/jobs/?q=thợ&cursor={cursor}", "cursor"),
        (lambda cursor: f"{SEARCH}cursor={cursor}&offset=3", "offset"),
    ],
)
def test_a_cursor_that_is_not_of_this_search_is_refused(client: FlaskClient, change: Callable[[str], str], field: str) -> None:
    post_several(3)
    cursor = cursor_of(search(client, q="thợ", limit=1)["next"])

    answer = client.get(change(cursor))

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]


@pytest.mark.parametrize(
    ("path", "deepest"),
    [(SEARCH, 1000), ("/api/v1/jobs/?search=thợ&", 1000), (f"{SEARCH}ordering=title&", 10_000), ("/api/v1/jobs/search/?", 10_000), (LIST, 100_001)],
)
def test_an_offset_is_bounded_and_says_so(client: FlaskClient, path: str, deepest: int) -> None:
    post("Thợ hàn")

    last, beyond = (client.get(f"{path}offset={offset}") for offset in (deepest - 1, deepest))

    assert (last.status_code, last.json["count"], last.json["results"], last.json["next"]) == (200, 1, [], None)
    assert beyond.status_code == 400
    assert list(beyond.json["errors"]) == ["offset"]


def test_recommendations_are_bounded_too(sign_in: SignIn) -> None:
    assert sign_in(CandidateFactory()).get("/api/v1/jobs/recommendations/?offset=1000").json["errors"].keys() == {"offset"}


def test_an_order_by_relevance_ends_where_it_is_not_ranked_any_more(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("app.search.routes", "app.search.paging"):
        monkeypatch.setattr(f"{module}.DEEPEST", 4)
    post_several(7)

    assert len(follow(client, f"{SEARCH}limit=2")) == 4
    assert search(client, q="thợ", limit=2)["count"] == 7
    assert criteria.DEEPEST == 1000
