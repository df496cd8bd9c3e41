"""Every move from every status, and what the first opening costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.core.clock import now, today
from app.extensions import db
from app.jobs import states
from app.jobs.errors import IllegalMove, JobDeleted
from app.jobs.models import Job, JobStatus
from app.jobs.states import Move
from app.payments.ledger import LedgerEntry
from tests.factories import AdminFactory, CompanyFactory, JobFactory

SignIn = Callable[[User], FlaskClient]
D, O, C = JobStatus.DRAFT, JobStatus.OPEN, JobStatus.CLOSED  # noqa: E741  one letter keeps the table readable
NO, GONE = IllegalMove, JobDeleted
LATER, EARLIER = timedelta(days=1), timedelta(days=-1)


@pytest.mark.parametrize(
    ("status", "move", "live", "deleted"),
    [
        (D, Move.PUBLISH, O, GONE),
        (O, Move.PUBLISH, NO, GONE),
        (C, Move.PUBLISH, O, GONE),
        (D, Move.CLOSE, NO, GONE),
        (O, Move.CLOSE, C, GONE),
        (C, Move.CLOSE, NO, GONE),
        (D, Move.DELETE, D, GONE),
        (O, Move.DELETE, O, GONE),
        (C, Move.DELETE, C, GONE),
        (D, Move.RESTORE, NO, D),
        (O, Move.RESTORE, NO, O),
        (C, Move.RESTORE, NO, C),
    ],
)
def test_where_a_move_leads(status: JobStatus, move: Move, live: Any, deleted: Any) -> None:
    for is_deleted, expected in ((False, live), (True, deleted)):
        if isinstance(expected, JobStatus):
            assert states.after(status, move, is_deleted=is_deleted) == expected
        else:
            with pytest.raises(IllegalMove) as refusal:
                states.after(status, move, is_deleted=is_deleted)
            assert refusal.type is expected


@pytest.mark.parametrize(
    ("status", "wanted", "move"),
    [
        (D, D, None),
        (D, O, Move.PUBLISH),
        (D, C, Move.CLOSE),
        (O, D, NO),
        (O, O, None),
        (O, C, Move.CLOSE),
        (C, D, NO),
        (C, O, Move.PUBLISH),
        (C, C, None),
    ],
)
def test_by_which_move_a_status_is_reached(status: JobStatus, wanted: JobStatus, move: Any) -> None:
    if move is NO:
        with pytest.raises(IllegalMove):
            states.move_to(status, wanted)
    else:
        assert states.move_to(status, wanted) == move


@pytest.mark.parametrize(
    ("status", "path", "code", "after"),
    [
        (D, "publish", 200, "OPEN"),
        (O, "publish", 409, "OPEN"),
        (C, "publish", 200, "OPEN"),
        (D, "close", 409, "DRAFT"),
        (O, "close", 200, "CLOSED"),
        (C, "close", 409, "CLOSED"),
        (D, "restore", 409, "DRAFT"),
    ],
)
def test_the_moves_over_http(sign_in: SignIn, status: JobStatus, path: str, code: int, after: str) -> None:
    job = JobFactory(status=status)

    answer = sign_in(job.company.owner).post(f"/api/v1/jobs/{job.id}/{path}/")

    assert answer.status_code == code
    assert answer.json["status" if code == 200 else "code"] == (after if code == 200 else "illegal_transition")
    assert (job.status, job.version) == (after, 2 if code == 200 else 1)


@pytest.mark.parametrize(
    ("status", "wanted", "code"), [(D, "OPEN", 200), (O, "CLOSED", 200), (C, "OPEN", 200), (O, "DRAFT", 409), (D, "CLOSED", 409)]
)
def test_a_patched_status_follows_the_same_rules(sign_in: SignIn, status: JobStatus, wanted: str, code: int) -> None:
    job = JobFactory(status=status, title="Cũ")

    answer = sign_in(job.company.owner).patch(f"/api/v1/jobs/{job.id}/", json={"status": wanted, "title": "Mới"})

    assert answer.status_code == code
    assert (job.status, job.title) == ((wanted, "Mới") if code == 200 else (status, "Cũ"))


def draft(**owner: Any) -> Job:
    """A draft whose company belongs to a recruiter with these values."""
    return JobFactory(status=D, published_at=None, **{f"company__owner__{name}": value for name, value in owner.items()})


@pytest.mark.parametrize(
    ("owner", "code", "left"),
    [
        ({"job_posting_credits": 1}, 200, 0),
        ({"job_posting_credits": 3, "membership_expires_at": LATER}, 200, 2),
        ({"job_posting_credits": 3, "membership_expires_at": LATER, "has_unlimited_posting": True}, 200, 3),
        ({"job_posting_credits": 0, "membership_expires_at": LATER, "has_unlimited_posting": True}, 200, 0),
        ({"job_posting_credits": 0}, "no_credits", 0),
        ({"job_posting_credits": 0, "membership_expires_at": LATER}, "no_credits", 0),
        ({"job_posting_credits": 0, "has_unlimited_posting": True}, "no_credits", 0),
        ({"job_posting_credits": 3, "membership_expires_at": EARLIER}, "membership_expired", 3),
        ({"job_posting_credits": 0, "membership_expires_at": EARLIER}, "membership_expired", 0),
        ({"job_posting_credits": 3, "membership_expires_at": EARLIER, "has_unlimited_posting": True}, "membership_expired", 3),
    ],
)
def test_what_the_first_opening_costs(sign_in: SignIn, owner: dict[str, Any], code: Any, left: int) -> None:
    values = {name: now() + value if isinstance(value, timedelta) else value for name, value in owner.items()}
    job = draft(**values)
    had = job.company.owner.job_posting_credits

    answer = sign_in(job.company.owner).post(f"/api/v1/jobs/{job.id}/publish/")

    assert job.company.owner.job_posting_credits == left
    assert db.session.query(LedgerEntry).count() == (2 if left < had else 0)
    if code == 200:
        assert (answer.status_code, job.status, job.published_at is not None) == (200, "OPEN", True)
    else:
        assert (answer.status_code, answer.json["code"]) == (403, code)
        assert (job.status, job.published_at, job.version) == ("DRAFT", None, 1)


def test_reopening_is_free(sign_in: SignIn) -> None:
    job = draft(job_posting_credits=1)
    owner, address = sign_in(job.company.owner), f"/api/v1/jobs/{job.id}"

    answers = [owner.post(f"{address}/{move}/").status_code for move in ("publish", "close", "publish")]

    assert answers == [200, 200, 200]
    assert job.company.owner.job_posting_credits == 0


def test_a_posting_may_be_written_and_opened_at_once(client: FlaskClient, sign_in: SignIn) -> None:
    company = CompanyFactory(owner__job_posting_credits=1)
    body = {"title": "Kế toán", "description": "Sổ sách.", "location": "Huế", "job_type": "FULL_TIME", "company": company.id, "status": "OPEN"}
    owner = sign_in(company.owner)

    opened, refused = owner.post("/api/v1/jobs/", json=body), owner.post("/api/v1/jobs/", json=body)

    assert (opened.status_code, opened.json["status"]) == (201, "OPEN")
    assert (refused.status_code, refused.json["code"]) == (403, "no_credits")
    assert (db.session.query(Job).count(), company.owner.job_posting_credits) == (1, 0)
    assert client.get(f"/api/v1/jobs/{opened.json['id']}/").status_code == 200


def test_an_admin_who_opens_a_job_spends_its_owners_credit(sign_in: SignIn) -> None:
    job = draft(job_posting_credits=2)

    answer = sign_in(AdminFactory()).patch(f"/api/v1/jobs/{job.id}/", json={"status": "OPEN"})

    assert answer.status_code == 200
    assert job.company.owner.job_posting_credits == 1


@pytest.mark.parametrize(("cost", "left"), [(0, 5), (3, 2), (6, None)])
def test_the_price_comes_from_the_environment(app: APIFlask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, cost: int, left: int | None) -> None:
    monkeypatch.setitem(app.config, "JOB_POSTING_CREDIT_COST", cost)
    job = draft(job_posting_credits=5)

    answer = sign_in(job.company.owner).post(f"/api/v1/jobs/{job.id}/publish/")

    assert answer.status_code == (403 if left is None else 200)
    assert job.company.owner.job_posting_credits == (5 if left is None else left)


def test_nothing_is_opened_after_its_deadline(sign_in: SignIn) -> None:
    job = draft(job_posting_credits=1)
    job.deadline = today() + EARLIER
    db.session.commit()
    owner = sign_in(job.company.owner)

    late = owner.post(f"/api/v1/jobs/{job.id}/publish/")
    extended = owner.patch(f"/api/v1/jobs/{job.id}/", json={"deadline": str(today()), "status": "OPEN"})

    assert (late.status_code, late.json["code"]) == (409, "deadline_passed")
    assert (extended.status_code, extended.json["status"]) == (200, "OPEN")
