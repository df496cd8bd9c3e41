"""Rates from the settings: refusals in the shape of every error, budgets per user, a Redis that is away."""

from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.applications.models import Application
from app.extensions import db, limiter
from tests.factories import CandidateFactory, JobFactory, ResumeFactory

SignIn = Callable[[User], FlaskClient]
LOGIN = "/api/v1/auth/login/"
WRONG = {"email": "nobody@example.com", "password": "wrong"}


@pytest.fixture
def login_rate(app: APIFlask) -> Iterator[Callable[[str], None]]:
    """Sets the login rate for one test."""

    def set_rate(rate: str) -> None:
        app.config["LOGIN_RATE"] = rate

    yield set_rate
    app.config["LOGIN_RATE"] = ""


def test_a_refusal_says_when_to_come_back(client: FlaskClient, login_rate: Callable[[str], None]) -> None:
    login_rate("2/minute")

    first, _, third = (client.post(LOGIN, json=WRONG) for _ in range(3))

    assert (first.status_code, third.status_code) == (401, 429)
    assert third.content_type == "application/problem+json"
    assert (third.json["code"], third.json["detail"]) == ("rate_limited", "That was too often. Please wait a little.")
    assert 0 < int(third.headers["Retry-After"]) <= 60
    assert 0 < int(third.headers["RateLimit-Reset"]) <= 61
    assert (third.headers["RateLimit-Limit"], third.headers["RateLimit-Remaining"]) == ("2", "0")


def test_an_accepted_request_tells_its_budget_and_no_time_to_wait(client: FlaskClient, login_rate: Callable[[str], None]) -> None:
    login_rate("2/minute")
    user = CandidateFactory()

    answer = client.post(LOGIN, json={"email": user.email, "password": "right-password"})

    assert answer.status_code == 200
    assert answer.headers["RateLimit-Remaining"] == "1"
    assert "Retry-After" not in answer.headers


def test_both_spellings_of_an_address_share_one_budget(client: FlaskClient, login_rate: Callable[[str], None]) -> None:
    login_rate("2/minute")

    statuses = [client.post(path, json=WRONG).status_code for path in (LOGIN, "/api/auth/login", "/api/v1/auth/login")]

    assert statuses == [401, 401, 429]


def test_an_empty_rate_is_no_limit(client: FlaskClient, login_rate: Callable[[str], None]) -> None:
    login_rate("")

    assert {client.post(LOGIN, json=WRONG).status_code for _ in range(30)} == {401}


def test_an_address_that_the_client_makes_up_has_no_budget_of_its_own(client: FlaskClient, login_rate: Callable[[str], None]) -> None:
    login_rate("2/minute")

    statuses = [client.post(LOGIN, json=WRONG, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code for number in range(3)]

    assert statuses == [401, 401, 429]


def test_limits_go_on_in_memory_while_redis_is_away(client: FlaskClient, login_rate: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    login_rate("2/minute")

    def away(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(limiter.storage, "acquire_entry", away)
    monkeypatch.setattr(limiter.storage, "check", lambda: False)

    statuses = [client.post(LOGIN, json=WRONG).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


def test_a_request_that_waited_for_redis_falls_back_too_when_another_found_it_away(
    client: FlaskClient, login_rate: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    login_rate("2/minute")

    def away(*_: object, **__: object) -> None:
        limiter._storage_dead = True
        raise ConnectionError

    monkeypatch.setattr(limiter.storage, "acquire_entry", away)
    monkeypatch.setattr(limiter.storage, "check", lambda: False)

    statuses = [client.post(LOGIN, json=WRONG).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


def test_what_was_committed_is_answered_although_redis_went_away_meanwhile(app: APIFlask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "APPLICATION_SUBMISSION_RATE", "2/hour")

    def away(*_: object, **__: object) -> None:
        raise TimeoutError

    # The budget is asked before the view and, by what is accepted, drawn on after it.
    monkeypatch.setattr(limiter.storage, "acquire_entry", away)
    monkeypatch.setattr(limiter.storage, "check", lambda: False)
    candidate = CandidateFactory()
    resume = ResumeFactory(user_id=candidate.id)
    caller = sign_in(candidate)

    statuses = [caller.post("/api/v1/applications/", json={"job": JobFactory().id, "resume": resume.id}).status_code for _ in range(3)]

    assert statuses == [201, 201, 429]
    assert db.session.scalar(select(func.count()).select_from(Application)) == 2
