"""However a text is made, and however much matches it, a search stays within its bounds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings

from app.core.clock import now
from app.search import postgres_matching, postgres_pages
from tests.search.board import post, search, titles
from tests.search.strategies import hostile_text

SEARCHES = ("/api/v1/jobs/search/?q=", "/api/v1/jobs/?q=", "/api/v1/jobs/suggest/?q=")
BOMBS = (
    "*" * 200,
    "(a+)+$" * 30,
    "[" * 200,
    "\\" * 200,
    "a* " * 66,
    '"' * 199,
    "- " * 100,
    "-a " * 66,
    '"a b" ' * 33,
    "~" * 200,
    "a^9~9 " * 33,
    "%" * 200,
)


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize("text", BOMBS)
def test_a_bomb_is_a_text_like_any_other(client: FlaskClient, engine_name: str, path: str, text: str) -> None:
    post("Thợ hàn")

    answer = client.get(f"{path}{quote(text)}")

    assert answer.status_code == 200
    assert len(answer.json["results"]) <= 1


@pytest.mark.parametrize("path", SEARCHES)
def test_ten_thousand_characters_are_refused(client: FlaskClient, path: str) -> None:
    answer = client.get(f"{path}{'a ' * 5000}b")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert list(answer.json["errors"]) == ["q"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=hostile_text)
def test_no_text_breaks_a_search(client: FlaskClient, text: str) -> None:
    for path in SEARCHES:
        answer = client.get(f"{path}{quote(text.encode('utf-8', 'surrogatepass'))}")

        assert answer.status_code in (200, 400), (path, answer.text)


def test_a_search_takes_few_statements_whatever_is_typed(client: FlaskClient, count_queries: Callable[[], Any]) -> None:
    post("Thợ hàn")
    counts = {}
    for text in ("hàn", "zzz " * 30, "hann " * 32, '"a b" ' * 32, "xq wq vq uq", "x y z " * 10):
        with count_queries() as statements:
            search(client, q=text.strip()[:200])
        counts[text] = len(statements)

    # Look-ups of unknown words and their corrections, two for each of three words at most, and two for each of five readings.
    assert max(counts.values()) <= 24, counts


def make_many(number: int) -> list[str]:
    """Jobs that have `hàn` in their text, every third of them in the title too, from the newest to the oldest; their titles."""
    made = [f"Thợ hàn {place}" if place % 3 == 0 else f"Phụ việc {place}" for place in range(number)]
    for place, title in enumerate(made):
        post(title, description="Biết hàn.", created_at=now() - timedelta(days=place))
    return made


def test_of_too_many_matches_those_are_ranked_that_have_it_in_their_headline(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "RANKED", 6)
    monkeypatch.setattr(postgres_pages, "DEEPEST", 3)
    made = make_many(12)

    found = search(client, q="hàn", limit=3)

    assert found["count"] == 12
    assert titles(found) == [made[0], made[3], made[6]]


def test_of_too_many_headlines_the_freshest_are_ranked(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "RANKED", 2)
    monkeypatch.setattr(postgres_pages, "DEEPEST", 2)
    made = make_many(12)

    assert titles(search(client, q="hàn", limit=9)) == [made[0], made[3]]


def test_without_headlines_enough_the_freshest_of_all_are_ranked(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_pages, "RANKED", 5)
    monkeypatch.setattr(postgres_pages, "DEEPEST", 5)
    made = make_many(12)

    assert titles(search(client, q="hàn", limit=9)) == [made[0], made[3], made[1], made[2], made[4]]


@pytest.mark.parametrize("text", ['"khách hàng"', '"chăm sóc khách hàng"', '-"khách hàng" nhân', '"khách hàng" nhân'])
def test_phrases_are_whole_ones(client: FlaskClient, engine_name: str, text: str) -> None:
    post("Nhân viên chăm sóc khách hàng", created_at=now() - timedelta(days=1))
    post("Nhân viên khách sạn", description="Nhận hàng, khách; chăm sóc.")

    expected = "Nhân viên khách sạn" if text.startswith("-") else "Nhân viên chăm sóc khách hàng"
    assert titles(search(client, q=text)) == [expected]


def test_a_longer_phrase_is_more_than_its_pairs(client: FlaskClient, engine_name: str) -> None:
    post("Thợ", description="chăm sóc khách. Rồi sóc khách hàng quen")
    post("Thợ hai", description="chăm sóc khách hàng quen")

    assert titles(search(client, q='"chăm sóc khách hàng quen"')) == ["Thợ hai"]


@pytest.fixture
def nearly(client: FlaskClient) -> str:
    """A phrase that one of two jobs has; the other has each of its pairs."""
    post("Thợ", description="chăm sóc khách. Rồi sóc khách hàng quen")
    post("Thợ hai", description="chăm sóc khách hàng quen")
    return '"chăm sóc khách hàng quen"'


@pytest.mark.parametrize(("wished", "excluded"), [("", ""), ("thợ ", "thợ "), ("", "-xyz ")])
def test_a_longer_phrase_excludes_those_that_have_all_of_it(client: FlaskClient, engine_name: str, nearly: str, wished: str, excluded: str) -> None:
    assert titles(search(client, q=f"{wished}{nearly}")) == ["Thợ hai"]
    assert titles(search(client, q=f"{excluded}-{nearly}")) == ["Thợ"]


def test_a_longer_phrase_and_another_one_that_is_excluded(client: FlaskClient, engine_name: str, nearly: str) -> None:
    post("Thợ ba", description="chăm sóc khách hàng quen. Thợ hàn giỏi")

    assert titles(search(client, q=f'{nearly} -"thợ hàn giỏi"')) == ["Thợ hai"]
    assert titles(search(client, q=f"{nearly} -giỏi")) == ["Thợ hai"]


def test_a_phrase_that_very_many_may_have_is_looked_up_by_its_pairs(client: FlaskClient, nearly: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_matching, "READ_FOR_ROWS", 1)

    assert sorted(titles(search(client, q=nearly))) == ["Thợ", "Thợ hai"]
    assert titles(search(client, q=f"thợ -{nearly}")) == []
    assert titles(search(client, q=f"-{nearly}")) == []
