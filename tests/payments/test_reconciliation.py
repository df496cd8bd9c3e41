"""Asking gateways: what is due, what each answer does, and the whole way over HTTP with the local gateway's faults."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.core.clock import now
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import checkout, ledger_check, reconciliation, service, settlement
from app.payments.models import GatewayEvent, Provider, Transaction, TransactionStatus, Verdict
from app.payments.providers.base import Finding, GatewaySilent, Payment, PaymentState
from app.payments.providers.registry import gateway_of
from app.payments.reconciliation_models import Difference, DifferenceKind
from tasks.gateways import reconcile
from tests.payments.builders import add_package, buy, buyer, call_ipn, notice, settle_all


class Bank:
    """A gateway that only answers questions, always alike; `asked` are the orders' codes."""

    calls_out = False

    def __init__(self, answer: Finding | Exception, provider: Provider = Provider.VNPAY) -> None:
        self.answer = answer
        self.provider = provider
        self.asked: list[str] = []

    def query(self, payment: Payment) -> Finding:
        self.asked.append(payment.code)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def aged(**values: Any) -> Transaction:
    """A pending purchase of 20 minutes ago."""
    transaction = buy()
    transaction.created_at = now() - timedelta(minutes=20)
    for name, value in values.items():
        setattr(transaction, name, value)
    db.session.commit()
    return transaction


def paid(transaction: Transaction, **changes: Any) -> Finding:
    values = {"payment_no": "14422574", "amount": transaction.amount, "currency": "VND", **changes}
    return Finding(PaymentState.PAID, raw={"vnp_TransactionStatus": "00"}, **values)


def answer(transaction: Transaction, finding: Finding) -> None:
    question = reconciliation.next_question()
    assert question is not None
    assert question.transaction_id == transaction.id
    reconciliation.take_finding(question, finding)
    db.session.commit()
    settle_all()


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        ({}, True),
        ({"created_at": timedelta(minutes=14)}, False),
        ({"queried_at": timedelta(minutes=3)}, False),
        ({"queried_at": timedelta(minutes=5)}, True),
        ({"status": TransactionStatus.SUCCESS}, False),
        ({"status": TransactionStatus.FAILED}, False),
        ({"status": TransactionStatus.EXPIRED, "expires_at": timedelta(hours=2)}, True),
        ({"status": TransactionStatus.EXPIRED, "expires_at": timedelta(hours=2), "answered_at": timedelta(hours=3)}, True),
        ({"status": TransactionStatus.EXPIRED, "expires_at": timedelta(hours=2), "answered_at": timedelta(hours=1)}, False),
        ({"status": TransactionStatus.EXPIRED, "expires_at": timedelta(days=4)}, False),
    ],
)
def test_what_is_asked_for(app: APIFlask, values: dict[str, Any], is_due: bool) -> None:
    aged(**{name: now() - value if isinstance(value, timedelta) else value for name, value in values.items()})

    assert (reconciliation.next_question() is not None) is is_due


def test_an_order_is_asked_for_once_a_round_and_the_longest_waiting_first(app: APIFlask) -> None:
    second, first = aged(queried_at=now() - timedelta(minutes=5)), aged(queried_at=now() - timedelta(minutes=9))

    asked = [reconciliation.next_question() for _ in range(3)]

    assert [question.transaction_id if question else None for question in asked] == [first.id, second.id, None]


def test_a_payment_that_nobody_told_of_is_granted(app: APIFlask) -> None:
    transaction = aged()

    answer(transaction, paid(transaction))

    assert (transaction.status, transaction.gateway_transaction_no) == (TransactionStatus.SUCCESS, "14422574")
    assert transaction.answered_at is not None
    assert ledger_check.check() == []


def test_a_payment_found_and_told_is_one_payment(app: APIFlask, client: FlaskClient) -> None:
    transaction = aged()

    answer(transaction, paid(transaction))
    code = call_ipn(client, notice(transaction))

    assert (code, settle_all()) == ("02", [Verdict.APPLIED, Verdict.DUPLICATE])
    assert db.session.get(User, transaction.user_id).job_posting_credits == 10


def test_a_late_success_is_granted_and_flagged(app: APIFlask) -> None:
    transaction = aged(status=TransactionStatus.EXPIRED, expires_at=now() - timedelta(hours=2))

    answer(transaction, paid(transaction))

    assert transaction.status == TransactionStatus.SUCCESS
    assert db.session.scalars(select(GatewayEvent.verdict)).one() == Verdict.LATE


@pytest.mark.parametrize("state", [PaymentState.OPEN, PaymentState.UNKNOWN])
def test_what_is_not_final_changes_nothing(app: APIFlask, state: PaymentState) -> None:
    transaction = aged()

    answer(transaction, Finding(state))

    assert transaction.status == TransactionStatus.PENDING
    assert db.session.scalars(select(GatewayEvent)).all() == []


@pytest.mark.parametrize(("state", "status"), [(PaymentState.FAILED, TransactionStatus.FAILED), (PaymentState.CLOSED, TransactionStatus.EXPIRED)])
def test_what_is_final_ends_the_order(app: APIFlask, state: PaymentState, status: TransactionStatus) -> None:
    transaction = aged()

    answer(transaction, Finding(state))

    assert transaction.status == status


@pytest.mark.parametrize("changes", [{"amount": 1}, {"amount": None}, {"currency": "USD"}])
def test_another_amount_is_for_people(app: APIFlask, changes: dict[str, Any]) -> None:
    transaction = aged()

    answer(transaction, paid(transaction, **changes))

    found = db.session.scalars(select(Difference)).one()
    assert (found.kind, found.transaction_id) == (DifferenceKind.WRONG_AMOUNT, transaction.id)
    assert db.session.scalars(select(GatewayEvent.verdict)).one() == Verdict.WRONG_AMOUNT
    assert transaction.status == TransactionStatus.PENDING


def test_an_answer_that_no_rule_covers_is_for_people_once(app: APIFlask) -> None:
    transaction = aged()

    for _ in range(2):
        answer(transaction, Finding(PaymentState.UNKNOWN, raw={"vnp_TransactionStatus": "07", "kind": "x", "event": "\x00\ud800"}, needs_people=True))
        transaction.queried_at = None
        db.session.commit()

    found = db.session.scalars(select(Difference)).one()
    assert (found.kind, found.data) == (
        DifferenceKind.UNREADABLE_ANSWER,
        {"answer": {"vnp_TransactionStatus": "07", "kind": "x", "event": "\ufffd?"}},
    )


@pytest.fixture
def gateways(served_app: APIFlask) -> Iterator[dict[Provider, Any]]:
    """Gateways that the test puts in place of the real ones."""
    replaced: dict[Provider, Any] = {}
    served_app.extensions["payment_gateways"] = replaced
    yield replaced


def committed(app: APIFlask, *, currency: str = "VND", **values: Any) -> tuple[int, str]:
    """An aged, committed purchase: its id and where it is paid."""
    with app.app_context(), unit_of_work():
        transaction = service.create_payment(buyer(), add_package(currency=currency).id, "203.0.113.7")
        if not transaction.payment_url:
            order = checkout.order_of(transaction, "203.0.113.7")
            db.session.commit()
            checkout.keep_checkout(transaction.id, checkout.ask_for_checkout(transaction.id, Provider.STRIPE, order))
        transaction.created_at = now() - timedelta(minutes=20)
        for name, value in values.items():
            setattr(transaction, name, value)
        return transaction.id, transaction.payment_url


def test_a_silent_gateway_is_left_alone_and_the_other_is_asked(served_app: APIFlask, gateways: dict[Provider, Any]) -> None:
    for _ in range(3):
        committed(served_app)
    silent = gateways[Provider.VNPAY] = Bank(GatewaySilent("time-out"))
    other = gateways[Provider.STRIPE] = Bank(Finding(PaymentState.OPEN), Provider.STRIPE)
    with served_app.app_context(), unit_of_work():
        db.session.scalars(select(Transaction)).first().provider = Provider.STRIPE

    reconcile()

    assert (len(silent.asked), len(other.asked)) == (1, 1)
    with served_app.app_context():
        assert set(db.session.scalars(select(Transaction.status))) == {TransactionStatus.PENDING}
        assert db.session.scalars(select(Transaction.answered_at).where(Transaction.provider == Provider.VNPAY)).all() == [None, None]


def test_unknown_expires_only_after_the_gateways_window(served_app: APIFlask, gateways: dict[Provider, Any]) -> None:
    transaction_id, _ = committed(served_app, expires_at=now() - timedelta(minutes=59))
    gateways[Provider.VNPAY] = Bank(GatewaySilent("time-out"))

    reconcile()
    with served_app.app_context(), unit_of_work():
        within = settlement.expire_pending()
        db.session.get(Transaction, transaction_id).expires_at -= timedelta(minutes=2)
        db.session.flush()
        after = settlement.expire_pending()

    assert (within, after) == (0, 1)


def pay(app: APIFlask, address: str, **form: str) -> int:
    """The buyer's choice on the local gateway's page; its HTTP status."""
    path = address.removeprefix(app.config["PUBLIC_URL"])
    with app.app_context():
        return app.test_client(use_cookies=False).post(path, data=form).status_code


def settle_stored(app: APIFlask) -> list[Verdict | None]:
    with app.app_context():
        return settle_all()  # type: ignore[return-value]


@pytest.mark.parametrize("currency", ["VND", "USD"])
@pytest.mark.parametrize(("form", "status"), [({"outcome": "pay", "notify": "never"}, 303), ({"outcome": "timeout"}, 504)])
def test_a_charge_without_a_call_is_found_by_asking(served_app: APIFlask, currency: str, form: dict[str, str], status: int) -> None:
    transaction_id, address = committed(served_app, currency=currency)

    assert pay(served_app, address, **form) == status
    untold = settle_stored(served_app)
    reconcile()
    found = settle_stored(served_app)

    assert (untold, found) == ([], [Verdict.APPLIED])
    with served_app.app_context():
        transaction = db.session.get(Transaction, transaction_id)
        assert transaction.status == TransactionStatus.SUCCESS
        assert db.session.get(User, transaction.user_id).job_posting_credits == 10
        assert ledger_check.check() == []


@pytest.mark.parametrize("currency", ["VND", "USD"])
def test_calls_that_come_three_times_grant_once(served_app: APIFlask, currency: str) -> None:
    transaction_id, address = committed(served_app, currency=currency)

    pay(served_app, address, outcome="pay", notify="duplicate")

    assert settle_stored(served_app) == [Verdict.APPLIED]
    with served_app.app_context():
        assert db.session.get(Transaction, transaction_id).status == TransactionStatus.SUCCESS
        assert len(db.session.scalars(select(GatewayEvent)).all()) == 1


@pytest.mark.parametrize("currency", ["VND", "USD"])
def test_a_lost_answer_is_asked_for_again(served_app: APIFlask, currency: str) -> None:
    transaction_id, address = committed(served_app, currency=currency)
    pay(served_app, address, outcome="pay", notify="never", api="timeout")

    reconcile()
    lost = settle_stored(served_app)
    with served_app.app_context(), unit_of_work():
        db.session.get(Transaction, transaction_id).queried_at = None
    reconcile()

    assert (lost, settle_stored(served_app)) == ([], [Verdict.APPLIED])


@pytest.mark.parametrize("currency", ["VND", "USD"])
def test_an_order_that_was_left_stays_pending(served_app: APIFlask, currency: str) -> None:
    transaction_id, address = committed(served_app, currency=currency)
    pay(served_app, address, outcome="leave")

    reconcile()

    with served_app.app_context():
        transaction = db.session.get(Transaction, transaction_id)
        assert (transaction.status, transaction.answered_at is not None) == (TransactionStatus.PENDING, True)


def test_the_same_order_gets_the_same_stripe_page(served_app: APIFlask) -> None:
    transaction_id, address = committed(served_app, currency="USD")

    with served_app.app_context():
        transaction = db.session.get(Transaction, transaction_id)
        again = gateway_of(Provider.STRIPE).create(checkout.order_of(transaction, "203.0.113.7"))
        page = served_app.test_client().get(address.removeprefix(served_app.config["PUBLIC_URL"])).text

    assert again.payment_url == address
    assert "15.000,00 <small>USD</small>" in page
