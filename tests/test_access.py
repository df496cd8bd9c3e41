"""The access matrix, generated: every route against every kind of caller.

A route says who may call it (`@public`, `@require(roles)`); here each combination is tried over HTTP. Whose rows a caller may touch is
tried in test_ownership.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app import create_app
from app.accounts.models import User
from app.core.auth import POLICY, Role
from app.core.identity import Identity
from tests.conftest import settings_for
from tests.factories import AdminFactory, CandidateFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]
CALLERS = ("anonymous", "candidate", "recruiter", "admin")
# No row has this id: a caller with the right role must get as far as 404 or 400, never 401, 403 or 500.
NO_ID = 999_999_999


def rules() -> Iterator[tuple[str, str, str]]:
    """Method, rule and policy of every route of the API."""
    app = create_app(settings_for("postgresql://nobody@127.0.0.1:1/none", 0, Path("/nonexistent")))
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not rule.rule.startswith("/api/v1/"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule, str(getattr(view, POLICY, "undeclared"))


RULES = sorted(set(rules()))
ROUTES = sorted({(method, re.sub(r"<(?:int:)?[^>]+>", str(NO_ID), rule), policy) for method, rule, policy in RULES})


def may_call(policy: str, caller: str) -> bool:
    return policy == "public" or (caller != "anonymous" and (policy == "signed in" or caller in policy.split(", ")))


@pytest.fixture
def callers(client: FlaskClient, sign_in: SignIn) -> dict[str, FlaskClient]:
    signed_in = {"candidate": sign_in(CandidateFactory()), "recruiter": sign_in(RecruiterFactory()), "admin": sign_in(AdminFactory())}
    return {"anonymous": client, **signed_in}


@pytest.mark.parametrize(("method", "path", "policy"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES])
def test_each_route_admits_exactly_the_callers_it_names(callers: dict[str, FlaskClient], method: str, path: str, policy: str) -> None:
    answers = {name: caller.open(path, method=method, json={} if method != "GET" else None) for name, caller in callers.items()}

    for name, answer in answers.items():
        assert answer.status_code < 500, (name, answer.text)
        if may_call(policy, name):
            assert answer.status_code != 403, (name, answer.text)
            assert answer.status_code != 401 or policy == "public", (name, answer.text)
        else:
            assert answer.status_code == (401 if name == "anonymous" else 403), (name, answer.status_code, answer.text)
        if answer.status_code >= 400 and answer.content_type != "application/json":
            assert answer.content_type == "application/problem+json", (name, answer.content_type)


def test_every_route_declares_its_policy() -> None:
    assert [route for route in ROUTES if route[2] == "undeclared"] == []
    assert len(ROUTES) > 60


def test_every_role_is_a_known_one() -> None:
    known = {role.value.lower() for role in Role} | {"public", "signed in"}

    assert {name for _, _, policy in ROUTES for name in policy.split(", ")} <= known


def test_a_token_of_an_unknown_family_opens_nothing(app: APIFlask) -> None:
    loader = app.extensions["user_loader"]
    user = CandidateFactory()

    assert loader(Identity(user.id, "not-a-uuid", "", from_cookie=False)) is None
    assert loader(Identity(user.id, "00000000-0000-0000-0000-000000000000", "", from_cookie=False)) is None
