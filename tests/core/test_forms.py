"""Forms that were cut off, mislabelled, written in another encoding, or hold more than is read."""

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.core.storage import StoredFile
from app.extensions import db
from tests.factories import CandidateFactory, JobFactory

PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"no form"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="full_name"\r\n\r\nTr'),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="avatar"; filename="\xff.png"\r\n\r\n1\r\n--x--\r\n'),
    ],
)
def test_a_form_that_cannot_be_read_is_no_empty_form(sign_in: Callable[[User], FlaskClient], content_type: str, body: bytes) -> None:
    caller = sign_in(CandidateFactory())

    answer = caller.patch("/api/v1/auth/me/", data=body, content_type=content_type)

    assert answer.status_code == 400
    assert answer.json["detail"] == "The form is not complete, or not what its Content-Type says."


def test_a_form_without_fields_changes_nothing(sign_in: Callable[[User], FlaskClient]) -> None:
    caller = sign_in(CandidateFactory(full_name="Trần An"))

    answer = caller.patch("/api/v1/auth/me/", data=b"--x--\r\n", content_type="multipart/form-data; boundary=x")

    assert (answer.status_code, answer.json["full_name"]) == (200, "Trần An")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/v1/applications/", "cv_file"),
        ("POST", "/api/v1/chats/conversations/1/messages/", "attachment"),
        ("PATCH", "/api/v1/auth/me/", "avatar"),
    ],
)
def test_a_second_file_under_a_name_is_refused(sign_in: Callable[[User], FlaskClient], method: str, path: str, name: str) -> None:
    form = {name: [(io.BytesIO(PDF), "một.pdf"), (io.BytesIO(PDF), "hai.pdf")]}

    answer = sign_in(CandidateFactory()).open(path, method=method, data=form, content_type="multipart/form-data")

    assert (answer.status_code, answer.json["code"]) == (400, "invalid")
    assert answer.json["errors"] == {name: ["Send one file only."]}
    assert answer.json[name] == ["Send one file only."]
    assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 0


def test_a_file_field_that_was_left_empty_is_no_second_file(sign_in: Callable[[User], FlaskClient]) -> None:
    form = {"job": str(JobFactory().id), "cv_file": [(io.BytesIO(PDF), "một.pdf"), (io.BytesIO(b""), "")]}

    answer = sign_in(CandidateFactory()).post("/api/v1/applications/", data=form, content_type="multipart/form-data")

    assert answer.status_code == 201
