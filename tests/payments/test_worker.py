"""The payments queue's task and the periodic ones, called as functions against real commits."""

from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app.accounts.models import User
from app.core.clock import now
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger_check
from app.payments.models import GatewayEvent, Transaction, TransactionStatus, Verdict
from tasks.maintenance import check_ledger, expire_payments, purge_gateway_events, purge_idempotency_keys
from tasks.payments import settle
from tests.payments.builders import add_package, buy, buyer, call_ipn, notice


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


def test_the_result_of_the_nightly_check_is_a_metric(worker_app: APIFlask) -> None:
    before = worker_app.test_client().get("/metrics").text
    with worker_app.app_context(), unit_of_work():
        buyer().job_posting_credits = 3
    check_ledger()

    wrong = worker_app.test_client().get("/metrics").text

    with worker_app.app_context():
        checked_at = ledger_check.find_last_check().checked_at.timestamp()
    assert "jobboard_ledger" not in before
    assert "\njobboard_ledger_differences 2.0\n" in wrong
    stated = next(line for line in wrong.splitlines() if line.startswith("jobboard_ledger_checked_timestamp_seconds "))
    assert float(stated.split()[1]) == pytest.approx(checked_at)


def test_beat_drops_old_forgeries_and_keeps_what_a_gateway_said(worker_app: APIFlask) -> None:
    with worker_app.app_context(), unit_of_work():
        fields = notice(buy(buyer(), add_package()))
    for call in ({**fields, "vnp_Amount": "1"}, fields):
        call_ipn(worker_app.test_client(), call)
    with worker_app.app_context(), unit_of_work():
        db.session.execute(update(GatewayEvent).values(received_at=now() - timedelta(days=91)))
    call_ipn(worker_app.test_client(), {**fields, "vnp_Amount": "2"})

    purge_gateway_events()

    with worker_app.app_context():
        assert db.session.scalars(select(GatewayEvent.verdict).order_by(GatewayEvent.id)).all() == [None, Verdict.BAD_SIGNATURE]


def test_the_nightly_check_reports_a_difference_and_mends_nothing(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[dict[str, object]] = []
    monkeypatch.setattr("tasks.maintenance.log.error", lambda event, **values: reported.append({"event": event, **values}))
    with worker_app.app_context(), unit_of_work():
        user = buyer()
        user.job_posting_credits = 3
        user_id = user.id

    check_ledger()

    difference = {"row": f"user {user_id}", "kept": 3, "booked": 0}
    differences = [{"rule": rule, **difference} for rule in ("credit balance", "grants less uses")]
    assert reported == [{"event": "ledger_difference", **found} for found in differences]
    with worker_app.app_context():
        assert db.session.scalars(select(ledger_check.LedgerCheck.differences)).one() == differences
        assert db.session.get(User, user_id).job_posting_credits == 3
