"""What caches and browsers are told about every answer."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from tests.factories import PASSWORD, CandidateFactory, JobFactory

SignIn = Callable[[User], FlaskClient]


@pytest.mark.parametrize("path", ["/api/v1/jobs/", "/api/v1/config/", "/api/v1/nothing/", "/api/health/", "/api/docs/"])
def test_no_type_is_guessed(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers.getlist("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("path", ["/api/v1/auth/me/", "/api/v1/applications/", "/api/v1/companies/", "/api/v1/nothing/"])
def test_what_a_signed_in_person_gets_is_kept_by_nobody(sign_in: SignIn, path: str) -> None:
    assert sign_in(CandidateFactory()).get(path).headers["Cache-Control"] == "no-store"


def test_what_a_cookie_client_gets_is_kept_by_nobody(app: APIFlask) -> None:
    user, browser = CandidateFactory(), app.test_client()

    tokens = browser.post("/api/v1/auth/login/", json={"email": user.email, "password": PASSWORD})
    me = browser.get("/api/v1/auth/me/")

    assert (tokens.status_code, me.status_code) == (200, 200)
    assert [answer.headers["Cache-Control"] for answer in (tokens, me)] == ["no-store", "no-store"]


def test_what_a_route_says_of_its_caching_stays(client: FlaskClient, sign_in: SignIn) -> None:
    job = JobFactory()
    caller = sign_in(CandidateFactory())

    answers = [caller.get(path) for path in (f"/api/v1/jobs/{job.id}/", "/api/v1/config/")]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-cache", "public, max-age=300"]
    assert "Cache-Control" not in client.get("/api/v1/companies/").headers
