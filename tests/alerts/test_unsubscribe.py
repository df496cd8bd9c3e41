"""Leaving by a link (RFC 8058): one POST is enough, a GET changes nothing, and the link opens nothing else."""

from urllib.parse import urlsplit

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.alerts import unsubscribing
from app.extensions import db
from tests.factories import CandidateFactory


@pytest.fixture
def subscriber(app: APIFlask) -> User:
    made: User = CandidateFactory(job_alerts_enabled=True)
    db.session.commit()
    return made


@pytest.fixture
def address(subscriber: User) -> str:
    parts = urlsplit(unsubscribing.address_for(subscriber.id))
    assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:8000"
    return f"{parts.path}?{parts.query}"


def test_looking_changes_nothing(client: FlaskClient, subscriber: User, address: str) -> None:
    page = client.get(address)

    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert f'action="?{urlsplit(address).query}"' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert subscriber.job_alerts_enabled


def test_a_mail_program_posts_and_is_done(client: FlaskClient, subscriber: User, address: str) -> None:
    posted = client.post(address, data={"List-Unsubscribe": "One-Click"})
    again = client.post(address, data={"List-Unsubscribe": "One-Click"})

    assert (posted.status_code, again.status_code) == (200, 200)
    assert not subscriber.job_alerts_enabled
    assert "<form" not in client.get(address).text


def test_a_cookie_of_somebody_who_is_signed_in_is_no_obstacle(app: APIFlask, subscriber: User, address: str) -> None:
    browser = app.test_client()
    browser.post("/api/v1/auth/login/", json={"email": subscriber.email, "password": "right-password"})

    assert browser.post(address).status_code == 200
    assert not subscriber.job_alerts_enabled


def test_another_switches_off_only_the_own(client: FlaskClient, subscriber: User) -> None:
    other = CandidateFactory(job_alerts_enabled=True)
    parts = urlsplit(unsubscribing.address_for(other.id))

    client.post(f"{parts.path}?{parts.query}")

    assert (subscriber.job_alerts_enabled, other.job_alerts_enabled) == (True, False)


@pytest.mark.parametrize("token", ["", "garbage", "MQ.forged", "'\"><script>", "\x00"])
def test_a_link_that_we_did_not_make_does_nothing(client: FlaskClient, subscriber: User, token: str) -> None:
    answers = [client.open("/api/v1/job-alerts/unsubscribe/", method=method, query_string={"token": token}) for method in ("GET", "POST")]

    assert [answer.status_code for answer in answers] in ([404, 404], [400, 400])
    assert subscriber.job_alerts_enabled
