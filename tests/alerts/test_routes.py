"""`/job-alerts/`: saving searches."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.alerts import service
from app.alerts.models import AlertSearch, JobAlert
from app.extensions import db
from tests.alerts.conftest import MORNING
from tests.factories import CandidateFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]
PATH = "/api/v1/job-alerts/"


@pytest.fixture
def me(sign_in: SignIn) -> FlaskClient:
    return sign_in(CandidateFactory(email="thao@example.com"))


def saved(caller: FlaskClient, **body: Any) -> dict[str, Any]:
    answer = caller.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_search_is_saved_as_it_was_typed(me: FlaskClient) -> None:
    filters = {"location": "Đà Nẵng", "job_type": ["FULL_TIME"], "salary_min": 20_000_000, "remote": False}

    made = saved(me, query=" Kế  toán ", filters=filters, frequency="weekly")

    expected = {"query": "Kế  toán", "filters": filters, "frequency": "WEEKLY"}
    assert {name: made[name] for name in expected} == expected
    assert me.get(f"{PATH}{made['id']}/").get_json() == made
    assert me.get(PATH).get_json()["results"] == [made]
    assert db.session.query(User).filter_by(email="thao@example.com").one().job_alerts_enabled


def test_people_who_mean_the_same_share_a_search(me: FlaskClient, sign_in: SignIn) -> None:
    saved(me, query="Kế toán", filters={"job_type": ["FULL_TIME", "CONTRACT"], "location": "Hà Nội"})
    saved(sign_in(CandidateFactory()), query="  kế TOÁN ", filters={"location": "hà nội", "job_type": ["CONTRACT", "FULL_TIME"]})
    saved(me, query="ke toan", filters={"job_type": ["FULL_TIME", "CONTRACT"], "location": "Hà Nội"})

    assert db.session.query(JobAlert).count() == 3
    assert db.session.query(AlertSearch).count() == 2


def test_the_same_search_is_saved_once(me: FlaskClient) -> None:
    first = saved(me, query="Kế toán")

    again = me.post(PATH, json={"query": "kế  toán", "frequency": "WEEKLY"})

    assert (again.status_code, again.get_json()) == (200, first)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": "!!!"}, "query"),
        ({"query": "", "filters": {"currency": "USD"}}, "query"),
        ({"query": "x" * 201}, "query"),
        ({"query": "x", "frequency": "HOURLY"}, "frequency"),
        ({"query": "x", "filters": {"job_type": ["SLAVERY"]}}, "filters.job_type.0"),
        ({"query": "x", "filters": {"salary_min": 2, "salary_max": 1}}, "filters"),
        ({"query": "x", "filters": {"ordering": "title"}}, "filters.ordering"),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused(me: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = me.post(PATH, json=body)

    assert (answer.status_code, list(answer.get_json()["errors"])) == (400, [field])
    assert db.session.query(JobAlert).count() == 0


def test_an_alert_is_changed_and_forgotten(me: FlaskClient) -> None:
    alert = saved(me, query="Kế toán", filters={"remote": True})

    changed = me.patch(f"{PATH}{alert['id']}/", json={"frequency": "off"}).get_json()
    gone = me.delete(f"{PATH}{alert['id']}/")

    assert changed == {**alert, "frequency": "OFF", "updated_at": changed["updated_at"]}
    assert (gone.status_code, me.get(f"{PATH}{alert['id']}/").status_code) == (204, 404)


def test_another_search_or_a_new_beginning_has_no_past(me: FlaskClient, at_that_time: Callable[[datetime], None]) -> None:
    alert = saved(me, query="Kế toán", frequency="OFF")
    row = db.session.get_one(JobAlert, alert["id"])
    begun = row.since

    at_that_time(MORNING + timedelta(hours=1))
    me.patch(f"{PATH}{alert['id']}/", json={"frequency": "OFF"})
    resting = row.since
    me.patch(f"{PATH}{alert['id']}/", json={"frequency": "DAILY"})
    awake = row.since
    at_that_time(MORNING + timedelta(hours=2))
    me.patch(f"{PATH}{alert['id']}/", json={"filters": {"location": "Huế"}})

    assert (begun, resting, awake, row.since) == (MORNING, MORNING, MORNING + timedelta(hours=1), MORNING + timedelta(hours=2))
    assert row.search.criteria == {"q": "kế toán", "location": "huế"}


def test_two_alerts_do_not_become_one(me: FlaskClient) -> None:
    first, second = saved(me, query="Kế toán"), saved(me, query="Kiểm toán")

    answer = me.patch(f"{PATH}{second['id']}/", json={"query": first["query"]})

    assert (answer.status_code, answer.get_json()["code"]) == (409, "job_alert_exists")
    assert me.get(f"{PATH}{second['id']}/").get_json()["query"] == "Kiểm toán"


def test_one_person_has_so_many_and_no_more(me: FlaskClient) -> None:
    for number in range(service.MOST_ALERTS):
        saved(me, query=f"việc {number}")

    answer = me.post(PATH, json={"query": "một việc nữa"})

    assert (answer.status_code, answer.get_json()["code"]) == (409, "too_many_job_alerts")


def test_alerts_are_their_owners_alone(me: FlaskClient, client: FlaskClient, sign_in: SignIn) -> None:
    alert = saved(me, query="Kế toán")
    address = f"{PATH}{alert['id']}/"
    stranger, recruiter = sign_in(CandidateFactory()), sign_in(RecruiterFactory())

    for method in ("get", "patch", "delete"):
        assert [getattr(caller, method)(address, json={}).status_code for caller in (stranger, recruiter, client)] == [404, 403, 401]
    assert stranger.get(PATH).get_json()["count"] == 0
    assert me.get(address).get_json() == alert
