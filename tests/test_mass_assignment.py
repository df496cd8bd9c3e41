"""Mass assignment, generated: every route that takes a body is sent every column of the database that its body does not declare.

Each column is refused by its name, so that a client sets nothing that it was not meant to set. Routes whose body only the gateways sign
are tried in tests/payments.
"""

import re
from collections.abc import Iterator

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from pydantic import BaseModel

from app.accounts.models import User
from app.core.auth import POLICY
from app.core.schemas import InModel
from app.extensions import Model
from tests.factories import AdminFactory, CandidateFactory, RecruiterFactory
from tests.test_access import NO_ID, SignIn, may_call

UNKNOWN = ["This field is not known or cannot be set."]
# A second name of a declared field, on purpose.
SECOND_NAMES = {"/api/v1/jobs/": {"company_id"}, f"/api/v1/jobs/{NO_ID}/": {"company_id"}, "/api/v1/jobs/saved/": {"job_id"}}
# A document of another system, from which known fields are read and the others are named in the answer.
FOREIGN = {"/api/v1/resumes/import/"}
COLUMNS = {column.name for table in Model.metadata.tables.values() for column in table.columns}


def bodies(app: APIFlask) -> Iterator[tuple[str, str, str, type[BaseModel]]]:
    """Method, path, policy and body of every route of the API that takes one."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        body = getattr(view, "_spec", {}).get("body")
        if rule.rule.startswith("/api/v1/") and body is not None:
            for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
                yield method, re.sub(r"<(?:int:)?[^>]+>", str(NO_ID), rule.rule), getattr(view, POLICY), body


def declared(body: type[BaseModel]) -> set[str]:
    """The names that the body may have."""
    return {str(name) for field, about in body.model_fields.items() for name in (field, about.alias, about.validation_alias) if name}


@pytest.fixture
def people(sign_in: SignIn) -> dict[str, FlaskClient]:
    users: dict[str, User] = {"candidate": CandidateFactory(), "recruiter": RecruiterFactory(), "admin": AdminFactory()}
    return {role: sign_in(user) for role, user in users.items()}


def test_no_column_can_be_set_that_the_body_does_not_declare(app: APIFlask, people: dict[str, FlaskClient]) -> None:
    routes = [route for route in bodies(app) if route[1] not in FOREIGN]

    taken = {}
    for method, path, policy, body in routes:
        caller = next(client for role, client in people.items() if may_call(policy, role))
        columns = COLUMNS - declared(body) - SECOND_NAMES.get(path, set())
        answer = caller.open(path, method=method, json=dict.fromkeys(columns, "1"), headers={"Idempotency-Key": path})
        errors = answer.json["errors"] if answer.status_code == 400 else {}
        taken[method, path] = sorted(name for name in columns if errors.get(name) != UNKNOWN)

    assert {route: names for route, names in taken.items() if names} == {}
    assert len(routes) > 30
    assert {"user_id", "is_active", "job_posting_credits", "fencing_token"} <= COLUMNS


def test_bodies_are_of_the_kind_that_refuses_what_it_does_not_declare(app: APIFlask) -> None:
    assert {path for _, path, _, body in bodies(app) if not issubclass(body, InModel)} == FOREIGN
