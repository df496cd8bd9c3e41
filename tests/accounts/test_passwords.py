"""Changing the own password, and asking for a new one without telling who has an account."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import passwords
from app.accounts.models import User
from app.core.outbox import Task
from app.extensions import db
from tests.factories import PASSWORD, CandidateFactory

SignIn = Callable[[User], FlaskClient]
CHANGE, FORGOT = "/api/v1/auth/password/change/", "/api/v1/auth/password/forgot/"


def test_a_new_password_ends_every_sign_in(sign_in: SignIn) -> None:
    user = CandidateFactory()
    here, elsewhere = sign_in(user), sign_in(user)

    answer = here.post(CHANGE, json={"old_password": PASSWORD, "new_password": "a-newer-password"})

    assert answer.status_code == 204
    assert [caller.get("/api/v1/auth/me/").status_code for caller in (here, elsewhere)] == [401, 401]
    assert passwords.matches(user.password_hash, "a-newer-password")


@pytest.mark.parametrize(("old", "new", "field"), [("wrong", "a-newer-password", "old_password"), (PASSWORD, "short", "new_password")])
def test_a_refused_change_changes_nothing(sign_in: SignIn, old: str, new: str, field: str) -> None:
    user = CandidateFactory()
    caller = sign_in(user)

    answer = caller.post(CHANGE, json={"old_password": old, "new_password": new})

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])
    assert passwords.matches(user.password_hash, PASSWORD)
    assert caller.get("/api/v1/auth/me/").status_code == 200


def test_forgetting_is_answered_alike_and_mails_only_those_who_have_an_account(client: FlaskClient) -> None:
    user = CandidateFactory(email="lan@example.com")

    answers = [client.post(FORGOT, json={"email": email}) for email in ("LAN@example.com", "nobody@example.com", "not an address")]

    assert [(answer.status_code, answer.data) for answer in answers] == [(204, b"")] * 3
    assert [task.args for task in db.session.scalars(select(Task).where(Task.name == "mail.password_reset"))] == [{"user_id": user.id}]
