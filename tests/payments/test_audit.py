"""The audit log of money and roles: every change says who, what, from where, in which request; and nobody edits it."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.accounts import audit
from app.accounts.models import AuditEntry, User
from app.core.auth import Role
from app.extensions import db
from app.jobs.charging import charge
from app.jobs.models import JobStatus
from app.payments import service
from tests.factories import AdminFactory, CompanyFactory, JobFactory, RecruiterFactory
from tests.payments.builders import add_package, buyer, notice, settle_all

SignIn = Callable[[User], FlaskClient]


def entries(action: str) -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def told(entry: AuditEntry) -> tuple[int | None, str, int, str | None, str | None]:
    """Who, which row, from where, in which request."""
    return entry.actor_id, entry.subject_type, entry.subject_id, str(entry.address) if entry.address else None, entry.request_id


def test_a_purchase_is_told_from_the_order_to_the_grant(app: APIFlask, client: FlaskClient, sign_in: SignIn) -> None:
    user, package = buyer(), add_package()
    bought = sign_in(user).post("/api/v1/payments/create_payment/", json={"package_id": package.id}, headers={"X-Request-ID": "the-order"})
    transaction = service.get_transaction(user.id, bought.json["transaction_id"])

    client.get("/api/v1/payments/vnpay_ipn/", query_string=notice(transaction), headers={"X-Request-ID": "the-gateways-call"})
    settle_all()

    (created,), (settled,) = entries("payment.created"), entries("payment.settled")
    assert told(created) == (user.id, "transaction", transaction.id, "127.0.0.1", "the-order")
    assert told(settled) == (None, "transaction", transaction.id, "127.0.0.1", "the-gateways-call")
    assert created.data == {"amount": 1_500_000, "currency": "VND", "package_id": package.id}
    assert {name: settled.data[name] for name in ("user_id", "amount", "currency", "credits")} == {
        "user_id": user.id,
        "amount": 1_500_000,
        "currency": "VND",
        "credits": 10,
    }


def test_a_charge_is_told(app: APIFlask) -> None:
    user = buyer()
    service.grant_credits(user.id, 5, "x", actor_id=None)
    job = JobFactory(company=CompanyFactory(owner=user), status=JobStatus.DRAFT, published_at=None)

    charge(user, job)
    db.session.flush()

    (entry,) = entries("posting.charged")
    assert (entry.actor_id, entry.subject_id, entry.data) == (user.id, job.id, {"user_id": user.id, "credits": 1})


@pytest.mark.parametrize(
    ("path", "action", "subject"),
    [
        ("/api/v1/admin/recruiters/{}/approve/", "recruiter.approved", "user"),
        ("/api/v1/admin/users/{}/deactivate/", "user.deactivated", "user"),
    ],
)
def test_a_change_of_what_somebody_may_do_is_told(app: APIFlask, sign_in: SignIn, path: str, action: str, subject: str) -> None:
    admin, user = AdminFactory(), RecruiterFactory(approved_at=None, is_active=action != "recruiter.approved")

    sign_in(admin).post(path.format(user.id), headers={"X-Request-ID": "the-admins-request"})

    (entry,) = entries(action)
    assert told(entry) == (admin.id, subject, user.id, "127.0.0.1", "the-admins-request")


@pytest.mark.parametrize(("role", "is_active"), [("CANDIDATE", True), ("RECRUITER", False)])
def test_the_role_that_somebody_begins_with_is_told(client: FlaskClient, role: str, is_active: bool) -> None:
    new = {"email": "moi@example.com", "password": "mot-mat-khau", "full_name": "Người Mới", "user_type": role}

    made = client.post("/api/v1/auth/register/", json=new, headers={"X-Request-ID": "the-registration"})
    client.post("/api/v1/auth/register/", json=new)

    (entry,) = entries("user.registered")
    assert told(entry) == (made.json["id"], "user", made.json["id"], "127.0.0.1", "the-registration")
    assert entry.data == {"role": role, "is_active": is_active}


def test_a_refused_change_is_not_told(app: APIFlask, sign_in: SignIn) -> None:
    user = buyer()

    sign_in(AdminFactory()).post(f"/api/v1/admin/users/{user.id}/credits/", json={"credits": -1, "reason": "x"})

    assert entries("credits.granted") == []


def test_operators_commands_are_told(app: APIFlask) -> None:
    runner = app.test_cli_runner()
    runner.invoke(args=["packages", "add", "Gói", "--price", "1000", "--type", "CREDIT", "--days", "30"])
    runner.invoke(args=["users", "create-admin", "root@example.com", "--password", "a-long-password"])

    (added,), (made,) = entries("package.added"), entries("user.admin_created")
    runner.invoke(args=["packages", "retire", str(added.subject_id)])

    (retired,) = entries("package.retired")
    assert [(entry.actor_id, entry.address) for entry in (added, made, retired)] == [(None, None)] * 3
    assert entries("user.registered") == []
    assert (added.data["name"], added.data["price"], retired.subject_id) == ("Gói", 1000, added.subject_id)
    assert db.session.get(User, made.subject_id).user_type == Role.ADMIN


def test_the_log_is_read_by_command(app: APIFlask) -> None:
    admin, user, other = AdminFactory(), buyer(), buyer()
    for receiver, credits in ((user, 3), (other, 4), (user, 5)):
        service.grant_credits(receiver.id, credits, "Chào", actor_id=admin.id)
    audit.record("user.deactivated", actor_id=admin.id, subject_type="user", subject_id=user.id, address="203.0.113.7", request_id="r-1")
    db.session.commit()
    runner = app.test_cli_runner()

    newest = runner.invoke(args=["audit", "list", "--limit", "1"])
    found = runner.invoke(args=["audit", "list", "--subject", f"user:{user.id}", "--actor", str(admin.id), "--action", "credits.granted"])
    wrong = runner.invoke(args=["audit", "list", "--subject", "user"])

    assert [line.split("{")[1] for line in found.output.splitlines()] == [f'"credits": {credits}, "reason": "Chào"}}' for credits in (5, 3)]
    assert newest.output.split()[3:] == ["203.0.113.7", "r-1", "user.deactivated", f"user:{user.id}", "{}"]
    assert wrong.exit_code == 2


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor_id = NULL", "DELETE FROM audit_log", "TRUNCATE audit_log"])
def test_nobody_edits_the_log(app: APIFlask, statement: str) -> None:
    service.grant_credits(buyer().id, 1, "x", actor_id=None)
    db.session.flush()

    with pytest.raises(DatabaseError, match="are never changed or removed"), db.session.begin_nested():
        db.session.execute(text(statement))

    assert len(entries("credits.granted")) == 1
