"""Postings that searchers can find at once."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient

from app.accounts.models import User
from app.extensions import db
from app.jobs.models import Job
from app.search import choice, service
from app.search.elastic import indices
from app.search.elastic.client import client
from tests.factories import JobFactory

ENGINES = ("postgresql", "elasticsearch")

SignIn = Callable[[User], FlaskClient]


def post(title: str, **values: Any) -> Job:
    """An open job of that title, indexed."""
    job: Job = JobFactory(title=title, **values)
    index(job)
    return job


def index(*jobs: Job) -> int:
    """Index the jobs as they are now."""
    job_ids = [job.id for job in jobs]
    written = [service.reindex(job_ids, engine) for engine in choice.engines()][-1]
    db.session.commit()
    if choice.is_elastic():
        client().indices.refresh(index=indices.family())
    return written


def search(client: FlaskClient, **parameters: Any) -> dict[str, Any]:
    """The answer of a search that must succeed."""
    answer = client.get(f"/api/v1/jobs/search/?{urlencode(parameters, doseq=True)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def titles(answer: dict[str, Any]) -> list[str]:
    """The titles on a page, in order."""
    return [job["title"] for job in answer["results"]]


def listed(client: FlaskClient, path: str = "/api/v1/jobs/", **parameters: Any) -> list[str]:
    """The titles of a list that must succeed."""
    answer = client.get(f"{path}?{urlencode(parameters, doseq=True)}")
    assert answer.status_code == 200, answer.text
    return titles(answer.json)
