"""A gateway that calls late: the money was taken, so the purchase is granted, and people see that it was late."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.accounts.models import User
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger_check, settlement
from app.payments.local_gateway import wishes
from app.payments.models import GatewayEvent, Transaction, TransactionStatus
from tests.payments.builders import settle_all
from tests.payments.test_reconciliation import committed, pay


@pytest.fixture
def let_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[float]]:
    """The local gateway waits until this is called and its call has been made; the pauses that it wished for."""
    pauses: list[float] = []
    due = threading.Event()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        assert due.wait(10)

    monkeypatch.setattr(wishes, "time", SimpleNamespace(sleep=sleep))

    def call() -> list[float]:
        due.set()
        for thread in threading.enumerate():
            if thread.name == "local-gateway":
                thread.join(10)
        return pauses

    return call


@pytest.mark.parametrize("currency", ["VND", "USD"])
def test_a_call_after_expiry_is_granted_and_flagged(served_app: APIFlask, currency: str, let_call: Callable[[], list[float]]) -> None:
    transaction_id, address = committed(served_app, currency=currency)

    status = pay(served_app, address, outcome="pay", notify="late", delay="90")
    with served_app.app_context(), unit_of_work():
        untold = settle_all()
        transaction = db.session.get_one(Transaction, transaction_id)
        transaction.expires_at -= settlement.GATEWAY_WINDOW * 2
        db.session.flush()
        expired = settlement.expire_pending()
    pauses = let_call()

    assert (status, untold, expired, pauses) == (303, [], 1, [90.0])
    with served_app.app_context():
        assert settle_all() == ["LATE"]
        transaction = db.session.get_one(Transaction, transaction_id)
        assert transaction.status == TransactionStatus.SUCCESS
        assert db.session.get_one(User, transaction.user_id).job_posting_credits == 10
        assert ledger_check.check() == []
        event_id = db.session.scalars(select(GatewayEvent.event_id)).one()
    assert event_id[:80] in served_app.test_cli_runner().invoke(args=["payments", "flagged"]).output


def test_a_delay_that_is_none_names_its_field(served_app: APIFlask) -> None:
    _, address = committed(served_app)

    statuses = [pay(served_app, address, outcome="pay", notify="late", delay=delay) for delay in ("3601", "-1", "x", "")]

    assert statuses == [400, 400, 400, 400]
