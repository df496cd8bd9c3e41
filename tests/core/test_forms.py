"""Forms that were cut off, mislabelled or written in another encoding."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from tests.factories import CandidateFactory


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
