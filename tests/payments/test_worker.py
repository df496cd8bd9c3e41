"""The payments queue's task and the periodic ones, called as functions against real commits."""

from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.accounts.models import User
from app.core.clock import now
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger_check
from app.payments.models import Transaction, TransactionStatus
from tasks import base
from tasks.maintenance import check_ledger, expire_payments, purge_idempotency_keys
from tasks.payments import settle
from tests.payments.builders import add_package, buy, buyer, call_ipn, notice


@pytest.fixture
def worker_app(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> APIFlask:
    """The application that the tasks work on."""
    monkeypatch.setattr(base, "flask_app", committed_app)
    return committed_app


def test_the_task_settles_once_however_often_its_message_comes(worker_app: APIFlask) -> None:
    with worker_app.app_context():
        transaction = buy(buyer(), add_package())
        transaction_id, user_id, fields = transaction.id, transaction.user_id, notice(transaction)
    call_ipn(worker_app.test_client(), fields)
    with worker_app.app_context():
        task_id = db.session.scalars(select(Task.id).where(Task.name == "payments.settle")).one()

    settle(task_id)
    settle(task_id)

    with worker_app.app_context():
        assert db.session.get(Task, task_id).state == TaskState.DONE
        assert db.session.get(Transaction, transaction_id).status == TransactionStatus.SUCCESS
        assert db.session.get(User, user_id).job_posting_credits == 10
        assert ledger_check.check() == []
    assert call_ipn(worker_app.test_client(), fields) == "02"


def test_beat_expires_payments_that_nobody_made(worker_app: APIFlask) -> None:
    with worker_app.app_context(), unit_of_work():
        transaction = buy(buyer(), add_package())
        transaction.expires_at = now() - timedelta(hours=2)
        transaction_id = transaction.id

    expire_payments()
    purge_idempotency_keys()

    with worker_app.app_context():
        assert db.session.get(Transaction, transaction_id).status == TransactionStatus.EXPIRED


def test_the_nightly_check_reports_a_difference_and_mends_nothing(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[dict[str, object]] = []
    monkeypatch.setattr("tasks.maintenance.log.error", lambda event, **values: reported.append({"event": event, **values}))
    with worker_app.app_context(), unit_of_work():
        user = buyer()
        user.job_posting_credits = 3
        user_id = user.id

    check_ledger()

    assert reported == [{"event": "ledger_difference", "rule": "credit balance", "row": f"user {user_id}", "kept": 3, "booked": 0}]
    with worker_app.app_context():
        assert db.session.get(User, user_id).job_posting_credits == 3
