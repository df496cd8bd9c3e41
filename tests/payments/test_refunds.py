"""Refunds: whole and partial, never above what was paid, with the books and the credits that go back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts import sessions
from app.accounts.models import AuditEntry, User
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger_check, service
from app.payments.models import Refund, Transaction, TransactionStatus
from tests.factories import AdminFactory
from tests.payments.builders import buy, buyer, call_ipn, notice, pay, settle_all

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def paid(app: APIFlask, client: FlaskClient) -> Transaction:
    """A settled purchase of ten credits and thirty days for 1,500,000 VND."""
    transaction = buy()
    pay(client, transaction)
    return transaction


def path(transaction_id: int) -> str:
    return f"/api/v1/payments/{transaction_id}/refund/"


def test_a_full_refund_takes_back_credits_and_membership(paid: Transaction, sign_in: SignIn) -> None:
    admin = AdminFactory()

    answer = sign_in(admin).post(path(paid.id), json={"reason": "Mua nhầm"})

    user = db.session.get(User, paid.user_id)
    assert (answer.status_code, answer.json["status"], answer.json["refunded_amount"]) == (200, "REFUNDED", 1_500_000)
    assert (user.job_posting_credits, user.membership_expires_at) == (0, None)
    assert ledger_check.check() == []
    audited = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "payment.refunded")).one()
    assert (audited.actor_id, audited.subject_id, audited.data["amount"], audited.data["credits_taken"]) == (admin.id, paid.id, 1_500_000, 10)


def test_partial_refunds_stay_success_until_all_is_given_back(paid: Transaction, sign_in: SignIn) -> None:
    admin = sign_in(AdminFactory())

    states = [admin.post(path(paid.id), json={"amount": 500_000}).json for _ in range(3)]

    assert [(state["status"], state["refunded_amount"]) for state in states] == [
        ("SUCCESS", 500_000),
        ("SUCCESS", 1_000_000),
        ("REFUNDED", 1_500_000),
    ]
    assert db.session.scalars(select(Refund.credits_taken).order_by(Refund.id)).all() == [3, 3, 4]
    assert ledger_check.check() == []


def test_used_credits_stay_used(paid: Transaction, sign_in: SignIn) -> None:
    user = db.session.get(User, paid.user_id)
    user.job_posting_credits -= 7
    service.record_posting(user.id, job_id=1, credits=7)
    db.session.commit()

    sign_in(AdminFactory()).post(path(paid.id), json={})

    assert user.job_posting_credits == 0
    assert db.session.scalars(select(Refund.credits_taken)).one() == 3
    assert ledger_check.check() == []


@pytest.mark.parametrize("body", [{"amount": 1_500_001}, {"amount": 0}, {"amount": -5}, {"amount": "x"}, {"amount": 1.5}, {"amount": True}])
def test_a_wrong_amount_is_refused_and_changes_nothing(paid: Transaction, sign_in: SignIn, body: dict[str, object]) -> None:
    answer = sign_in(AdminFactory()).post(path(paid.id), json=body)

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == ["amount"]
    assert (paid.status, paid.refunded_amount) == (TransactionStatus.SUCCESS, 0)
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 0


def test_a_full_refund_again_changes_nothing(paid: Transaction, sign_in: SignIn) -> None:
    admin = sign_in(AdminFactory())
    first = admin.post(path(paid.id), json={})

    again = admin.post(path(paid.id), json={})
    more = admin.post(path(paid.id), json={"amount": 1})

    assert (again.status_code, again.json) == (200, first.json)
    assert (more.status_code, more.json["code"]) == (409, "not_refundable")
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 1


def test_a_partial_refund_repeated_under_its_key_is_made_once(paid: Transaction, sign_in: SignIn) -> None:
    admin = sign_in(AdminFactory())
    headers = {"Idempotency-Key": "refund-1"}

    first, again = (admin.post(path(paid.id), json={"amount": 100_000}, headers=headers) for _ in range(2))
    other = admin.post(path(paid.id), json={"amount": 200_000}, headers=headers)

    assert again.data == first.data
    assert paid.refunded_amount == 100_000
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_the_same_key_for_another_transaction_is_refused(paid: Transaction, sign_in: SignIn) -> None:
    admin = sign_in(AdminFactory())
    other = buy()
    headers = {"Idempotency-Key": "refund-1"}
    admin.post(path(paid.id), json={}, headers=headers)

    answer = admin.post(path(other.id), json={}, headers=headers)

    assert answer.status_code == 422


@pytest.mark.parametrize("status", [TransactionStatus.PENDING, TransactionStatus.FAILED, TransactionStatus.EXPIRED])
def test_what_was_not_paid_cannot_be_refunded(app: APIFlask, sign_in: SignIn, status: TransactionStatus) -> None:
    transaction = buy()
    transaction.status = status
    db.session.commit()

    answer = sign_in(AdminFactory()).post(path(transaction.id), json={})

    assert (answer.status_code, answer.json["code"]) == (409, "not_refundable")


def test_only_admins_refund(paid: Transaction, client: FlaskClient, sign_in: SignIn) -> None:
    owner = sign_in(db.session.get(User, paid.user_id))

    assert client.post(path(paid.id), json={}).status_code == 401
    assert owner.post(path(paid.id), json={}).status_code == 403
    assert sign_in(AdminFactory()).post(path(paid.id + 1000), json={}).status_code == 404


def test_a_success_after_a_refund_grants_nothing(paid: Transaction, client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(AdminFactory()).post(path(paid.id), json={})

    answers = [call_ipn(client, notice(paid, vnp_TransactionNo=number)) for number in ("14422574", "2")]
    settle_all()

    assert answers == ["02", "02"]
    assert paid.status == TransactionStatus.REFUNDED
    assert db.session.get(User, paid.user_id).job_posting_credits == 0


def test_parallel_refunds_never_exceed_what_was_paid(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        with unit_of_work():
            transaction = buy(buyer())
            transaction_id = transaction.id
            call_ipn(committed_app.test_client(), notice(transaction))
        settle_all()
        with unit_of_work():
            access = sessions.open_session(AdminFactory()).access
    barrier = threading.Barrier(8)

    def give_back(number: int) -> int:
        caller = committed_app.test_client(use_cookies=False)
        barrier.wait(30)
        return caller.post(path(transaction_id), json={"amount": 400_000}, headers={"Authorization": f"Bearer {access}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(give_back, range(8)))

    assert answers == [200] * 3 + [400] * 5
    with committed_app.app_context():
        assert db.session.get(Transaction, transaction_id).refunded_amount == 1_200_000
        assert ledger_check.check() == []
