"""A body is read to its end, also by whoever answers without it."""

import json
from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.core import bodies
from tests.factories import CandidateFactory

ROUTE = "/api/v1/chats/conversations/1/messages/"
FORM = "multipart/form-data; boundary=x"


class Arriving(BytesIO):
    """A body that tells how much of it was asked for, also after it was closed."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found

    def readinto(self, buffer: "memoryview") -> int:
        found = super().readinto(buffer)
        self.taken += found
        return found


def send(caller: FlaskClient, size: int, content_type: str = FORM, **headers: str) -> tuple[int, int]:
    """The status of a request with a body of `size` bytes, and how many of them were read."""
    body = Arriving(b"x" * size)
    answer = caller.post(ROUTE, input_stream=body, content_length=size, content_type=content_type, headers=headers)
    return answer.status_code, body.taken


def test_who_may_not_send_a_file_is_told_so_after_it_has_arrived(client: FlaskClient) -> None:
    assert send(client, 300_000) == (401, 300_000)


@pytest.mark.parametrize(
    ("size", "content_type", "status"),
    [(9 * 1024 * 1024, FORM, 413), (300_000, FORM, 400), (300_000, "text/plain", 415)],
)
def test_what_is_refused_has_arrived(sign_in: Callable[[User], FlaskClient], size: int, content_type: str, status: int) -> None:
    assert send(sign_in(CandidateFactory()), size, content_type) == (status, size)


@pytest.mark.parametrize(("size", "status"), [(8 * 1024 * 1024 - 20, 201), (8 * 1024 * 1024, 413), (9 * 1024 * 1024, 413)])
def test_a_body_in_chunks_has_the_same_bound(client: FlaskClient, size: int, status: int) -> None:
    # Blanks after a document belong to it, so that a part of this one would be taken for the whole.
    body = json.dumps({"email": "an@example.com", "password": "matkhau1", "full_name": "An", "user_type": "CANDIDATE"}).ljust(size).encode()

    chunked = {"headers": {"Transfer-Encoding": "chunked"}, "environ_base": {"wsgi.input_terminated": True}}
    answer = client.post("/api/v1/auth/register/", input_stream=BytesIO(body), content_type="application/json", **chunked)

    assert answer.status_code == status


def test_who_asks_first_need_not_send_what_is_refused(client: FlaskClient) -> None:
    assert send(client, 300_000, Expect="100-continue") == (401, 0)


def test_a_body_without_an_end_is_cut_off(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES", 2 * bodies.CHUNK)

    assert send(client, 10 * bodies.CHUNK) == (401, 2 * bodies.CHUNK)


def test_a_body_that_breaks_off_is_answered(client: FlaskClient) -> None:
    answer = client.post(ROUTE, input_stream=BytesIO(b"half"), content_length=8, content_type=FORM)

    assert answer.status_code == 401
