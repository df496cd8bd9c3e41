"""What is suggested to who types: titles, companies and skills of open jobs."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy import text as sql

from app.core.clock import now, today
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import prefixes, skills, suggestion_upkeep
from app.search.models import SearchPrefix, SearchSuggestion
from app.search.suggestions import suggest
from app.search.text import tokens
from app.search.vocabulary import is_one_slip
from tests.factories import CompanyFactory
from tests.search.board import index, post
from tests.search.strategies import hostile_text

words = st.lists(st.text("abn", min_size=1, max_size=5), min_size=1, max_size=6).map(" ".join)


@pytest.fixture
def board(app: APIFlask) -> Iterator[dict[str, Job]]:
    """Suggestions of a few jobs."""
    sao_mai = CompanyFactory(name="Công ty Sao Mai")
    titles = ["Kế toán trưởng", "Kế toán trưởng", "Nhân viên kế toán", "Lập trình viên Python", "Chuyên viên hành chính nhân sự", "Kỹ sư C++"]
    jobs = {title: post(title, company=sao_mai, description="Biết Node.js.") for title in titles}
    suggestion_upkeep.refresh()
    yield jobs


def texts(typed: str, limit: int = 10) -> list[str]:
    return [f"{found.kind}: {found.text}" for found in suggest(typed, limit=limit)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ke to", ["title: Kế toán trưởng", "title: Nhân viên kế toán"]),
        ("Kế Toán T", ["title: Kế toán trưởng"]),
        ("truong", ["title: Kế toán trưởng"]),
        ("sao", ["company: Công ty Sao Mai"]),
        ("node", ["skill: Node.js"]),
        ("node.j", ["skill: Node.js"]),
        ("hành chính nhân s", ["title: Chuyên viên hành chính nhân sự"]),
        ("c++", ["skill: C++", "title: Kỹ sư C++"]),
        ("thon", []),
        ("zzz", []),
        ("", []),
        (" !*%_ ", []),
    ],
)
def test_what_begins_as_typed_is_suggested_whatever_the_accents(board: dict[str, Job], typed: str, expected: list[str]) -> None:
    assert texts(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ke tona", ["title: Kế toán trưởng", "title: Nhân viên kế toán"]),
        ("pyht", ["skill: Python", "title: Lập trình viên Python"]),
        ("spython", ["skill: Python", "title: Lập trình viên Python"]),
        ("hành chíng nhân s", ["title: Chuyên viên hành chính nhân sự"]),
        ("hành chính nhan zu", ["title: Chuyên viên hành chính nhân sự"]),
        ("hanh chinh nhnas", []),
        ("kx", []),
    ],
)
def test_one_slip_is_allowed_where_nothing_begins_so(board: dict[str, Job], typed: str, expected: list[str]) -> None:
    assert texts(typed) == expected


def test_the_company_has_its_id_and_the_limit_is_kept(board: dict[str, Job]) -> None:
    found = suggest("sao")

    assert [one.company_id for one in found] == [board["Kế toán trưởng"].company_id]
    assert texts("k", limit=1) == ["title: Kế toán trưởng"]


@pytest.mark.parametrize("change", ["closed", "deleted", "expired"])
def test_what_has_no_open_job_any_more_is_left_out_at_once(board: dict[str, Job], change: str) -> None:
    job = board["Lập trình viên Python"]
    if change == "closed":
        job.status = JobStatus.CLOSED
    elif change == "deleted":
        job.deleted_at = now()
    else:
        job.deadline = today() - timedelta(days=1)
    db.session.flush()

    assert texts("python") == []


def test_the_next_refresh_forgets_what_is_gone_and_learns_what_is_new(board: dict[str, Job]) -> None:
    gone = board["Lập trình viên Python"]
    gone.status, gone.version = JobStatus.CLOSED, 2
    index(gone)
    post("Thợ hàn")

    suggestion_upkeep.refresh()

    assert (texts("tho ha"), texts("lap trinh")) == (["title: Thợ hàn"], [])
    assert db.session.scalars(select(SearchSuggestion.label).where(SearchSuggestion.folded.like("%python%"))).all() == []
    assert db.session.scalar(select(func.count()).where(SearchPrefix.prefix.like("pyth%"))) == 0


def test_spellings_of_one_title_are_one_suggestion_in_the_most_frequent_one(app: APIFlask) -> None:
    for title in ("Thợ hàn", "Thợ hàn", "THO HAN"):
        post(title)

    suggestion_upkeep.refresh()

    assert texts("tho") == ["title: Thợ hàn"]


def test_a_refresh_without_a_change_writes_nothing(board: dict[str, Job]) -> None:
    places = [sql(f"SELECT ctid FROM {table} ORDER BY 1") for table in ("search_suggestions", "search_prefixes")]
    before = [db.session.scalars(place).all() for place in places]

    suggestion_upkeep.refresh()

    assert [db.session.scalars(place).all() for place in places] == before


@given(words, st.data())
def test_every_beginning_is_kept_or_read_by_its_range(folded: str, data: st.DataObject) -> None:
    rest = " ".join(folded.split()[data.draw(st.integers(0, len(folded.split()) - 1)) :])
    typed = rest[: data.draw(st.integers(1, len(rest)))].rstrip()

    kept = {key for _, key in prefixes.keys(folded)}

    assert prefixes.begins(folded, typed)
    assert typed in kept if len(typed) <= prefixes.KEPT else any(key.startswith(typed) for key in kept)


short = st.text("ab ", min_size=3, max_size=8).filter(lambda text: text == " ".join(text.split()))


@given(short, short)
def test_a_slip_is_allowed_wherever_it_is(folded: str, typed: str) -> None:
    rests = [folded] + [folded[place + 1 :] for place, sign in enumerate(folded) if sign == " "]
    lengths = (len(typed) - 1, len(typed), len(typed) + 1)

    assert prefixes.begins_with_slip(folded, typed) == any(is_one_slip(typed, rest[:length]) for rest in rests for length in lengths)


@given(short)
def test_the_slips_are_all_that_lie_one_slip_away(typed: str) -> None:
    found = prefixes.slips(typed)

    assert all(is_one_slip(typed, other) for other in found)
    assert typed not in found
    assert {typed[1:], typed + "a", "z" + typed[1:], typed[:-1]} - {typed} <= set(found)


def test_every_skill_of_the_list_has_words() -> None:
    assert [label for label in skills.labels() if not tokens(label)] == []
    assert len(skills.labels()) > 150


def test_suggestions_are_for_everybody(board: dict[str, Job], client: FlaskClient) -> None:
    answer = client.get("/api/v1/jobs/suggest/?q=ke%20toa")

    assert answer.status_code == 200
    assert answer.json == {
        "results": [
            {"kind": "title", "text": "Kế toán trưởng", "company_id": None},
            {"kind": "title", "text": "Nhân viên kế toán", "company_id": None},
        ]
    }
    assert client.get("/api/jobs/suggest").json == {"results": []}
    assert client.get("/api/v1/jobs/suggest/?q=k&limit=1").json["results"] == [{"kind": "title", "text": "Kế toán trưởng", "company_id": None}]


@pytest.mark.parametrize(("query", "field"), [("q=" + "a" * 201, "q"), ("q=a%00", "q"), ("limit=11", "limit"), ("limit=0", "limit")])
def test_what_cannot_be_suggested_for_is_refused(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/api/v1/jobs/suggest/?{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])


@given(hostile_text.map(lambda text: text[:200]))
def test_no_text_is_too_much(text: str) -> None:
    words = " ".join(tokens(text))

    assert len(prefixes.slips(words)) < 1000
    assert not words or all(prefixes.slips(words))


def test_looking_up_takes_few_statements_whatever_is_typed(board: dict[str, Job], client: FlaskClient, count_queries: Callable[[], Any]) -> None:
    counts = []
    for typed in ("k", "ke toan", "ke tona", "hành chíng nhân s", "x" * 200, "%*_" * 60):
        with count_queries() as statements:
            client.get(f"/api/v1/jobs/suggest/?{urlencode({'q': typed})}")
        counts.append(len(statements))

    assert max(counts) <= 3
