"""Every search is answered from an index, however many jobs there are."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy import text as sql

from app.extensions import db
from app.search import postgres_pages, service, suggestion_upkeep, vocabulary
from tests.factories import CompanyFactory
from tests.search.board import listed, post, search, titles

JOBS = 4000
MANY_JOBS = """
INSERT INTO jobs (company_id, title, description, location, job_type, status, published_at, deadline, created_at, updated_at)
SELECT :company, 'Nhân viên ' || n, 'Mô tả ' || n % 50, (ARRAY['Hà Nội', 'Huế', 'Đà Nẵng'])[1 + n % 3], 'FULL_TIME', 'OPEN', now(),
       current_date + 30, now() - n * interval '1 minute', now()
FROM generate_series(1, :jobs) AS n
"""
# So few words or companies are read faster as they lie.
SMALL = {"companies", "job_counters", "search_words"}


@pytest.fixture
def many_jobs(app: APIFlask) -> None:
    company = CompanyFactory()
    db.session.execute(sql(MANY_JOBS), {"company": company.id, "jobs": JOBS})
    post("Phi hành gia", company=company)
    service.rebuild_in_transaction()
    db.session.execute(sql("ANALYZE jobs"))
    db.session.commit()


@pytest.fixture
def plans(app: APIFlask) -> Iterator[list[dict[str, Any]]]:
    """The plans of the statements that read jobs or search documents, and what came of them."""
    found: list[dict[str, Any]] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.startswith(("SELECT", "WITH")) and ("search_" in statement or "jobs" in statement):
            with connection.connection.dbapi_connection.cursor() as other:
                (plan,) = other.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters).fetchone()
                found.append(plan[0]["Plan"])

    event.listen(db.engine, "before_cursor_execute", explain)
    yield found
    event.remove(db.engine, "before_cursor_execute", explain)


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kind of each scan and what it reads: a relation, or for part of a bitmap the index."""
    relation = plan.get("Relation Name") or plan.get("Index Name")
    if relation:
        yield plan["Node Type"], relation
    for part in plan.get("Plans", []):
        yield from scans(part)


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "phi hành"},
        {"q": '"phi hành gia"'},
        {"q": "phi hành -gia"},
        {"q": "phi han"},
        {"q": "phi hanhh"},
        {"q": "phi zzzz"},
        {"q": "giaa"},
        {"q": "nhân viên"},
        {"q": "viên zzzz"},
    ],
)
def test_a_text_is_looked_up_in_the_indexes(client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]], parameters: dict[str, str]) -> None:
    search(client, **parameters)

    used = {scan for plan in plans for scan in scans(plan)}
    assert ("Bitmap Index Scan", "ix_search_documents_words") in used
    assert [scan for scan in used if scan[0] == "Seq Scan" and scan[1] not in SMALL] == []


RARE = [
    {"q": "phi hành"},
    {"q": '"phi hành gia"'},
    {"q": "phi hành -viên"},
    {"q": 'phi -"nhân viên giỏi"'},
    {"q": "phi hành", "ordering": "-created_at"},
    {"q": "phi hành", "ordering": "title", "job_type": "FULL_TIME", "remote": "false"},
]


def rows_read(plan: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """How many rows each scan of a relation looked at, whether or not they were what it looked for."""
    if "Relation Name" in plan:
        dropped = sum(plan.get(f"Rows Removed by {reason}", 0) for reason in ("Filter", "Index Recheck"))
        yield plan["Relation Name"], plan["Actual Loops"] * (plan["Actual Rows"] + dropped)
    for part in plan.get("Plans", []):
        yield from rows_read(part)


@pytest.mark.parametrize("parameters", RARE)
def test_a_rare_text_has_few_rows_looked_at(client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]], parameters: dict[str, str]) -> None:
    found = search(client, **parameters)

    read = [(relation, rows) for plan in plans for relation, rows in rows_read(plan) if relation not in SMALL]
    assert titles(found) == ["Phi hành gia"]
    # No setting of the planner could make a walk through the table, or through the whole of an index, look like this.
    assert {relation for relation, _ in read} == {"search_documents", "jobs"}
    assert max(rows for _, rows in read) <= 1


@pytest.mark.parametrize("parameters", [{"q": "-gia"}, {"location": "hue"}, {"remote": "false", "salary_min": "1"}, {"ordering": "-salary_max"}])
def test_without_a_wish_the_index_of_the_newest_is_read(
    client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]], parameters: dict[str, str]
) -> None:
    search(client, **parameters)

    used = {scan for plan in plans for scan in scans(plan)}
    assert [scan for scan in used if scan[0] == "Seq Scan" and scan[1] not in SMALL] == []
    written = [json.dumps(plan) for plan in plans]
    assert [plan for plan in written if "search_documents" in plan and "ix_search_documents_newest" not in plan] == []


def test_a_phrase_of_common_words_is_looked_up_as_one(client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]]) -> None:
    search(client, q='"nhân viên"')

    assert plans
    assert all("nhan_vien" in json.dumps(plan) for plan in plans[:2])
    assert all("<->" not in json.dumps(plan) for plan in plans[:1])


def test_what_of_very_many_matches_is_ranked_comes_from_an_index_too(
    client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_pages, "RANKED", 1000)

    search(client, q="nhân viên")

    used = {scan for plan in plans for scan in scans(plan)}
    assert {relation for kind, relation in used if kind == "Bitmap Index Scan"} & {"ix_search_documents_headline", "ix_search_documents_words"}
    assert "Seq Scan" not in {kind for kind, _ in used}


@pytest.mark.parametrize("typed", ["phi h", "phi han", "phi hanh gia t", "phi hnah gia"])
def test_suggestions_are_looked_up_by_their_keys(client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]], typed: str) -> None:
    suggestion_upkeep.refresh()
    db.session.execute(sql("ANALYZE search_suggestions, search_prefixes"))
    plans.clear()

    client.get(f"/api/v1/jobs/suggest/?{urlencode({'q': typed})}")

    used = {scan for plan in plans for scan in scans(plan)}
    assert {relation for _, relation in used} & {"search_prefixes", "pk_search_prefixes"}
    assert [scan for scan in used if scan[0] == "Seq Scan"] == []


def test_candidates_for_a_mistyped_word_come_from_an_index(app: APIFlask, many_jobs: None, plans: list[dict[str, Any]]) -> None:
    db.session.execute(sql("SET LOCAL enable_seqscan = off"))

    assert vocabulary.one_slip_away("hnah") == ["hanh"]
    assert set(scans(plans[-1])) == {("Bitmap Heap Scan", "search_words"), ("Bitmap Index Scan", "ix_search_words_variants")}


@pytest.mark.parametrize("parameters", [{}, {"location": "hue"}, {"remote": "false", "salary_min": "1"}, {"ordering": "-salary_max"}])
def test_a_list_counts_and_picks_in_one_index(client: FlaskClient, many_jobs: None, plans: list[dict[str, Any]], parameters: dict[str, str]) -> None:
    db.session.execute(sql("SET LOCAL enable_seqscan = off"))
    # No row is known to be visible to all before a vacuum, so that here a narrower index seems cheaper although the rows are fetched for it.
    db.session.execute(sql("DROP INDEX ix_jobs_opened"))

    listed(client, **parameters)

    counting = json.dumps(plans[0])
    assert "ix_jobs_public" in counting
    assert "pk_jobs" not in counting
    assert "Seq Scan" not in counting
