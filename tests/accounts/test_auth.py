"""Registering, signing in, rotation of refresh tokens, cookies and CSRF."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.accounts import passwords, service, sessions
from app.accounts.models import RefreshToken, TokenFamily, User
from app.core.clock import now
from app.core.problems import Invalid
from app.extensions import db
from tests.factories import PASSWORD, AdminFactory, CandidateFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]
NEW = {"email": "An.Nguyen@Example.com", "password": "matkhau1", "full_name": "Nguyễn Văn An", "user_type": "CANDIDATE"}


def test_a_candidate_registers_and_signs_in_at_once(client: FlaskClient) -> None:
    registered = client.post("/api/v1/auth/register/", json=NEW)
    login = client.post("/api/auth/login", json={"email": "an.nguyen@example.COM", "password": "matkhau1"})

    assert registered.status_code == 201
    assert registered.json == {
        "id": registered.json["id"],
        "email": "an.nguyen@example.com",
        "full_name": "Nguyễn Văn An",
        "user_type": "CANDIDATE",
        "phone_number": None,
        "is_active": True,
    }
    assert login.status_code == 200
    assert set(login.json) == {"access", "refresh", "id", "user_id", "email", "full_name", "user_type", "avatar", "is_verified"}
    assert len(login.data) < 2900


def test_an_address_is_taken_whatever_its_case(client: FlaskClient) -> None:
    client.post("/api/v1/auth/register/", json=NEW)

    again = client.post("/api/v1/auth/register/", json={**NEW, "email": "AN.NGUYEN@example.com"})

    assert again.status_code == 400
    assert again.json["email"] == ["An account with this e-mail address exists already."]
    assert again.json["code"] == "email_taken"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "Nguyễn An <an@example.com>"}, "email"),
        ({"password": "short"}, "password"),
        ({"full_name": " "}, "full_name"),
        ({"user_type": "ADMIN"}, "user_type"),
        ({"is_active": True}, "is_active"),
        ({"full_name": "a\x00b"}, "full_name"),
        ({"full_name": None}, "full_name"),
        ({"full_name": 7}, "full_name"),
    ],
)
def test_a_wrong_registration_names_its_field_and_adds_nobody(client: FlaskClient, change: dict[str, object], field: str) -> None:
    answer = client.post("/api/v1/auth/register/", json={**NEW, **change})

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert list(answer.json["errors"]) == [field]
    assert answer.json[field] == answer.json["errors"][field]
    assert db.session.query(User).count() == 0


def test_a_recruiter_waits_for_an_admins_approval(client: FlaskClient, sign_in: SignIn) -> None:
    registered = client.post("/api/v1/auth/register/", json={**NEW, "user_type": "RECRUITER"})
    credentials = {"email": NEW["email"], "password": NEW["password"]}
    before = client.post("/api/v1/auth/login/", json=credentials)
    admin = sign_in(AdminFactory())

    approved = admin.post(f"/api/v1/admin/recruiters/{registered.json['id']}/approve/")
    after = client.post("/api/v1/auth/login/", json=credentials)

    assert registered.json["is_active"] is False
    assert (before.status_code, before.json["code"]) == (403, "account_pending")
    assert (approved.status_code, approved.json["is_active"]) == (200, True)
    assert after.status_code == 200


def test_wrong_password_and_unknown_address_get_one_answer(client: FlaskClient) -> None:
    user = CandidateFactory()

    wrong = client.post("/api/v1/auth/login/", json={"email": user.email, "password": "wrong"})
    unknown = client.post("/api/v1/auth/login/", json={"email": "nobody@example.com", "password": "wrong"})

    without_id = [{key: value for key, value in answer.json.items() if key != "request_id"} for answer in (wrong, unknown)]
    assert wrong.status_code == 401
    assert without_id[0] == without_id[1]


def test_a_refresh_token_works_once_and_its_late_reuse_ends_the_sign_in(client: FlaskClient) -> None:
    tokens = sessions.open_session(CandidateFactory())
    db.session.commit()
    first = client.post("/api/v1/auth/refresh/", json={"refresh": tokens.refresh})
    within_grace = client.post("/api/refresh-token", json={"refresh": tokens.refresh})
    db.session.query(RefreshToken).filter(RefreshToken.used_at.is_not(None)).update({"used_at": now() - timedelta(seconds=6)})
    db.session.commit()

    late = client.post("/api/v1/auth/refresh/", json={"refresh": tokens.refresh})
    successor = client.post("/api/v1/auth/refresh/", json={"refresh": first.json["refresh"]})
    access = client.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {first.json['access']}"})

    assert (first.status_code, within_grace.status_code) == (200, 200)
    assert [late.status_code, successor.status_code, access.status_code] == [401, 401, 401]
    assert db.session.query(TokenFamily).one().revoked_at is not None


def test_logout_revokes_the_family_and_no_other(client: FlaskClient) -> None:
    user = CandidateFactory()
    here, elsewhere = sessions.open_session(user), sessions.open_session(user)
    db.session.commit()

    out = client.post("/api/v1/auth/logout/", json={"refresh": here.refresh}, headers={"Authorization": f"Bearer {here.access}"})

    assert out.status_code == 204
    assert client.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {here.access}"}).status_code == 401
    assert client.post("/api/v1/auth/refresh/", json={"refresh": here.refresh}).status_code == 401
    assert client.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {elsewhere.access}"}).status_code == 200


def test_logout_with_another_persons_refresh_token_leaves_that_person_signed_in(client: FlaskClient) -> None:
    mine, theirs = sessions.open_session(CandidateFactory()), sessions.open_session(CandidateFactory())
    db.session.commit()

    out = client.post("/api/v1/auth/logout/", json={"refresh": theirs.refresh}, headers={"Authorization": f"Bearer {mine.access}"})

    assert out.status_code == 204
    assert client.post("/api/v1/auth/refresh/", json={"refresh": mine.refresh}).status_code == 401
    assert client.post("/api/v1/auth/refresh/", json={"refresh": theirs.refresh}).status_code == 200


def test_logout_ends_the_sign_in_of_the_refresh_token_too(client: FlaskClient) -> None:
    user = CandidateFactory()
    here, elsewhere = sessions.open_session(user), sessions.open_session(user)
    db.session.commit()

    client.post("/api/v1/auth/logout/", json={"refresh": elsewhere.refresh}, headers={"Authorization": f"Bearer {here.access}"})

    assert [client.post("/api/v1/auth/refresh/", json={"refresh": tokens.refresh}).status_code for tokens in (here, elsewhere)] == [401, 401]


def test_a_cookie_client_needs_the_csrf_token_or_an_allowed_origin_to_write(app: APIFlask) -> None:
    browser = app.test_client()
    user = RecruiterFactory()
    login = browser.post("/api/v1/auth/login/", json={"email": user.email, "password": PASSWORD})
    csrf = browser.get_cookie("csrftoken").value

    read = browser.get("/api/v1/auth/me/")
    bare = browser.patch("/api/v1/auth/me/", json={"full_name": "Khác"})
    foreign = browser.patch("/api/v1/auth/me/", json={"full_name": "Khác"}, headers={"Origin": "https://evil.example"})
    echoed = browser.patch("/api/v1/auth/me/", json={"full_name": "Một"}, headers={"X-CSRFToken": csrf})
    from_home = browser.patch("/api/v1/auth/me/", json={"full_name": "Hai"}, headers={"Origin": "http://127.0.0.1:8000"})

    assert login.status_code == 200
    assert read.status_code == 200
    assert [(answer.status_code, answer.json["code"]) for answer in (bare, foreign)] == [(403, "csrf_failed")] * 2
    assert [answer.json["full_name"] for answer in (echoed, from_home)] == ["Một", "Hai"]


def test_a_refresh_cookie_that_is_long_gone_asks_for_a_login(app: APIFlask) -> None:
    browser = app.test_client()
    browser.post("/api/v1/auth/login/", json={"email": RecruiterFactory().email, "password": PASSWORD})
    csrf = browser.get_cookie("csrftoken").value
    db.session.query(RefreshToken).delete()
    db.session.commit()

    answer = browser.post("/api/v1/auth/refresh/", headers={"X-CSRFToken": csrf})

    assert (answer.status_code, answer.json["code"]) == (401, "refresh_refused")


def test_a_deactivated_users_token_stops_working(client: FlaskClient, sign_in: SignIn) -> None:
    victim = CandidateFactory()
    caller = sign_in(victim)
    admin = sign_in(AdminFactory())

    done = admin.post(f"/api/v1/admin/users/{victim.id}/deactivate/")

    assert done.status_code == 200
    assert caller.get("/api/v1/auth/me/").status_code == 401


def test_the_old_password_is_worth_nothing_to_a_change_that_comes_second(app: APIFlask) -> None:
    user = CandidateFactory()
    db.session.execute(update(User).values(password_hash=passwords.hash_password("matkhau2")), execution_options={"synchronize_session": False})

    with pytest.raises(Invalid):
        service.change_password(user, PASSWORD, "matkhau3")

    assert passwords.matches(user.password_hash, "matkhau2")


def test_a_reset_link_works_once(client: FlaskClient) -> None:
    user = CandidateFactory()
    token = service.reset_token(user)
    db.session.commit()

    first = client.post("/api/v1/auth/password/reset/", json={"token": token, "password": "moi-hoan-toan"})
    second = client.post("/api/v1/auth/password/reset/", json={"token": token, "password": "ke-trom"})

    assert (first.status_code, second.status_code) == (204, 400)
    assert client.post("/api/v1/auth/login/", json={"email": user.email, "password": "moi-hoan-toan"}).status_code == 200


def test_an_unsigned_token_is_refused(client: FlaskClient) -> None:
    forged = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIxIiwiZmFtIjoieCIsImNzcmYiOiJ5In0."

    answer = client.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {forged}"})

    assert answer.status_code == 401
