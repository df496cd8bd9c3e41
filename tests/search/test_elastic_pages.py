"""Elasticsearch continues its own pages by their keys, and takes another engine's page up by its offset."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.core.clock import now
from app.jobs.models import JobStatus
from app.search import choice
from app.search.engine import EngineQuery
from app.search.query import parse
from tests.needs import needs_elasticsearch
from tests.search.board import index, post, search, titles

pytestmark = [needs_elasticsearch, pytest.mark.usefixtures("elastic_app")]


def query() -> EngineQuery:
    """A page of two jobs, as of now."""
    return EngineQuery(text=parse("thợ"), limit=2)


def pages(client: FlaskClient, **parameters: Any) -> list[dict[str, Any]]:
    """The page and all that follow it."""
    found = [search(client, **parameters)]
    while found[-1]["next"]:
        found.append(client.get(found[-1]["next"]).json)
    return found


@pytest.mark.parametrize("ordering", ["relevance", "-created_at", "salary_max", "-deadline", "title"])
def test_every_page_is_elasticsearchs_own(client: FlaskClient, ordering: str) -> None:
    for place in range(5):
        told = {} if place % 2 else {"salary_min": None, "salary_max": None, "deadline": None}
        post(f"Thợ {place}", created_at=now() - timedelta(days=place), **told)

    found = pages(client, q="thợ", limit=2, ordering=ordering)

    assert [(page["engine"], page["degraded"], page["count"]) for page in found] == [("elasticsearch", False, 5)] * 3
    assert sorted(title for page in found for title in titles(page)) == [f"Thợ {place}" for place in range(5)]


def test_what_other_jobs_say_moves_no_job_to_another_page(client: FlaskClient) -> None:
    posted = [post(f"Thợ {place}", description="Thợ. " * (1 + place % 3)) for place in range(9)]
    first = search(client, q="thợ -mới", limit=4)
    for place in range(40):
        post(f"Mới {place}", description="Thợ. " * place, created_at=now() + timedelta(seconds=1))
    for job in posted[:2]:
        job.status, job.version = JobStatus.CLOSED, 2
    index(*posted[:2])

    rest = pages_after(client, first)

    closed = {job.title for job in posted[:2]}
    assert len(set(titles(first)) | set(rest)) == len(titles(first)) + len(rest)
    assert {job.title for job in posted} - closed <= set(titles(first)) | set(rest)


def pages_after(client: FlaskClient, page: dict[str, Any]) -> list[str]:
    found: list[str] = []
    while page["next"]:
        page = client.get(page["next"]).json
        assert page["engine"] == "elasticsearch"
        found += titles(page)
    return found


def test_jobs_of_later_are_counted_and_not_shown(app: APIFlask) -> None:
    for place in range(4):
        post(f"Thợ {place}", created_at=now() - timedelta(days=place))
    asked = query()
    first = choice.ELASTIC.search(asked)
    later = post("Thợ mới", created_at=now() + timedelta(seconds=1))

    second = choice.ELASTIC.search(replace(asked, limit=5, offset=2, after=first.last, with_facets=True))

    assert (first.total, second.total, len(second.ids), later.id in second.ids) == (4, 5, 2, False)
    assert dict(second.facets["remote"]) == {False: 5}


def test_a_page_after_one_of_postgresql_begins_at_its_offset(app: APIFlask) -> None:
    ids = [post(f"Thợ {place}", created_at=now() - timedelta(days=place)).id for place in range(4)]
    asked = query()
    first = choice.POSTGRES.search(asked)

    second = choice.ELASTIC.search(replace(asked, offset=2, after=first.last))

    assert [*first.ids, *second.ids] == ids


def test_a_page_after_one_of_elasticsearch_begins_at_its_offset_on_postgresql(app: APIFlask) -> None:
    ids = [post(f"Thợ {place}", created_at=now() - timedelta(days=place)).id for place in range(4)]
    asked = query()
    first = choice.ELASTIC.search(asked)

    second = choice.POSTGRES.search(replace(asked, offset=2, after=first.last))

    assert [*first.ids, *second.ids] == ids
