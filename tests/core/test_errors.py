"""Every error is a problem document: unknown routes and methods, broken bodies, hostile values."""

import errno
import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app import create_app
from app.applications.models import Application
from app.core import storage
from tests.conftest import settings_for

REGISTER = "/api/v1/auth/register/"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing/", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("PUT", "/api/v1/auth/me/", 405, "method_not_allowed"),
        ("GET", "/api/v1/tasks/99999999999999999999999/", 404, "not_found"),
        ("GET", "/api/v1/auth/me/", 401, "unauthorized"),
    ],
)
def test_an_error_of_the_framework_is_a_problem_document(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert set(answer.json) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.headers["X-Request-ID"] == answer.json["request_id"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 400, "bad_request"),
        (b"null", "application/json", 400, "bad_request"),
        (b'"text"', "application/json", 400, "bad_request"),
        (b'{"email": "\\ud800"}', "application/json", 400, "invalid"),
        (b"\xff\xfe", "application/json", 400, "malformed_json"),
        (b"[" * 100_000, "application/json", 400, "malformed_json"),
        (b'{"email": ' + b"[" * 600 + b"]" * 600 + b"}", "application/json", 400, "bad_request"),
        (b'{"email": ' + b'{"a": ' * 600 + b"1" + b"}" * 600 + b"}", "application/json", 400, "bad_request"),
        (b'{"email": ' + b"1" * 5000 + b"}", "application/json", 400, "malformed_json"),
        (b"<xml/>", "text/xml", 415, "unsupported_media"),
        (b"x" * (9 * 1024 * 1024), "application/json", 413, "too_large"),
    ],
)
def test_a_broken_body_is_refused_without_a_crash(client: FlaskClient, body: bytes, content_type: str, status: int, code: str) -> None:
    answer = client.post(REGISTER, data=body, content_type=content_type)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["code"] == code
    assert answer.json["detail"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"full_name": " "}, "This field may not be empty."),
        ({"full_name": "x" * 256}, "Send 255 characters at most."),
        ({"full_name": 5}, "Send a text."),
        ({"user_type": "ADMIN"}, "Choose one of: CANDIDATE, RECRUITER."),
        ({"phone_number": "abc"}, "This has characters or a form that cannot be taken here."),
        ({"email": "x"}, "value is not a valid email address: An email address must have an @-sign."),
    ],
)
def test_what_is_wrong_with_a_field_is_a_sentence(client: FlaskClient, change: dict[str, object], message: str) -> None:
    form = {"email": "an@example.com", "password": "matkhau1", "full_name": "Nguyễn Văn An", "user_type": "CANDIDATE"}

    answer = client.post(REGISTER, json={**form, **change})

    [field] = change
    assert (answer.status_code, answer.json["errors"], answer.json["detail"]) == (400, {field: [message]}, f"{field}: {message}")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "Send a number of 1 or more."),
        ("limit=101", "Send a number of 100 or less."),
        ("limit=x", "Send a whole number."),
        ("remote=maybe", "Send true or false."),
        ("job_type=ALL_TIME", "Choose one of: FULL_TIME, PART_TIME, CONTRACT, FREELANCE, INTERNSHIP."),
    ],
)
def test_what_is_wrong_with_a_parameter_is_a_sentence(client: FlaskClient, query: str, message: str) -> None:
    answer = client.get(f"/api/v1/jobs/?{query}")

    assert (answer.status_code, answer.json["detail"]) == (400, f"{query.partition('=')[0]}: {message}")


def test_who_must_sign_in_is_told_how(client: FlaskClient) -> None:
    answer = client.get("/api/v1/auth/me/")

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_field_named_like_a_member_of_the_problem_appears_only_among_the_errors(client: FlaskClient) -> None:
    answer = client.post(REGISTER, json={"title": "x", "status": 1})

    assert answer.json["title"] == "Bad Request"
    assert answer.json["status"] == 400
    assert {"title", "status", "email"} <= set(answer.json["errors"])


def test_an_offered_request_id_is_kept_only_when_it_is_harmless(client: FlaskClient) -> None:
    kept = client.get("/api/health/", headers={"X-Request-ID": "abcdef-12345"})
    replaced = client.get("/api/health/", headers={"X-Request-ID": "a b;<script>"})

    assert kept.headers["X-Request-ID"] == "abcdef-12345"
    assert replaced.headers["X-Request-ID"] != "a b;<script>"


def test_both_prefixes_and_a_missing_slash_reach_the_same_route(client: FlaskClient) -> None:
    answers = [client.post(path, json={}) for path in ("/api/v1/auth/login/", "/api/v1/auth/login", "/api/auth/login/", "/api/auth/login")]

    assert [answer.status_code for answer in answers] == [400] * 4


def test_a_file_of_the_documentation_that_is_not_there_is_a_404(client: FlaskClient) -> None:
    answer = client.get("/api/docs/assets/nothing.js")

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/payments/packages", "/api/v1/payments/packages/", "/api/payments/packages"])
def test_a_wrong_method_is_told_which_ones_there_are_with_and_without_the_slash(client: FlaskClient, path: str) -> None:
    answer = client.delete(path)

    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/api/v1/payments/packages/x", "/api/v1/payments", "/api/v1/payments/99999999999999999999999/refund"])
def test_an_address_that_no_route_has_stays_unknown_without_a_slash(client: FlaskClient, path: str) -> None:
    answer = client.delete(path)

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert "Allow" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1//auth/login/", "/api//auth/login", "/api/v1/auth///login//"])
def test_a_doubled_slash_counts_once_and_redirects_nobody(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json={})

    assert answer.status_code == 400
    assert set(answer.json["errors"]) == {"email", "password"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/api/v1/companies/", None), ("POST", "/api/v1/auth/login/", {"email": "a@example.com", "password": "x" * 8})],
)
def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(tmp_path: Path, method: str, path: str, body: dict[str, str] | None) -> None:
    settings = settings_for("postgresql://nobody@127.0.0.1:1/nothing", 0, tmp_path)

    answer = create_app(settings).test_client().open(path, method=method, json=body)

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert (answer.json["code"], answer.headers["Retry-After"]) == ("unavailable", "5")
    assert "nobody" not in answer.text


def test_a_storage_that_is_away_is_a_503_and_changes_nothing(
    recruiter: FlaskClient, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/files")

    monkeypatch.setattr(storage, "open_key", full)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    picture.seek(0)
    path = f"/api/v1/companies/{application.company_id}/"

    answer = recruiter.patch(path, data={"name": "Changed", "logo": (picture, "a.png")}, content_type="multipart/form-data")

    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")
    assert "/srv" not in answer.text
    assert recruiter.get(path).json["name"] != "Changed"


def test_what_needs_no_database_is_answered_without_it(tmp_path: Path) -> None:
    settings = settings_for("postgresql://nobody@127.0.0.1:1/nothing", 0, tmp_path)
    client = create_app(settings).test_client()

    assert [client.get(path).status_code for path in ("/api/health/", "/api/openapi.json", "/api/v1/config/")] == [200, 200, 200]
