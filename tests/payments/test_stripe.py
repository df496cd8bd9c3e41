"""Stripe: its webhooks are believed only when signed lately, settle in any order, and change nothing when anything is wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.core.outbox import Task
from app.extensions import db
from app.payments import ledger_check
from app.payments.models import GatewayEvent, Provider, Transaction, TransactionStatus, Verdict
from app.payments.providers import stripe_events
from app.payments.providers.base import (
    BadNotice,
    Checkout,
    GatewaySilent,
    IncomingCall,
    Order,
    OrderRefused,
    Payment,
    PaymentState,
    RefundOrder,
    RefundState,
)
from app.payments.providers.stripe_checkout import StripeGateway
from app.payments.stripe_webhook import LONGEST_BODY
from tests.payments import stripe_mock
from tests.payments.builders import add_package, buy, buyer, settle_all
from tests.payments.stripe_builders import event, post_event, session_of

SignIn = Callable[[User], FlaskClient]
PAID, EXPIRED = "checkout.session.completed", "checkout.session.expired"
CREATED_AT = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
ORDER = Order("JB1", 1500, "USD", "Thanh toan goi 1", "Gói 1", "203.0.113.7", CREATED_AT, CREATED_AT + timedelta(hours=1))


class Page:
    """Stripe, as far as it makes a page; `answer` may be an error."""

    provider, calls_out = Provider.STRIPE, True

    def __init__(self, answer: Checkout | Exception) -> None:
        self.answer = answer
        self.orders: list[Order] = []

    def create(self, order: Order) -> Checkout:
        self.orders.append(order)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def bought(app: APIFlask, sign_in: SignIn, answer: Checkout | Exception, **headers: str) -> tuple[Any, Page]:
    page = Page(answer)
    app.extensions["payment_gateways"] = {Provider.STRIPE: page}
    package = add_package(currency="USD", price=1500)
    return sign_in(buyer()).post("/api/v1/payments/create_payment/", json={"package_id": package.id}, headers=headers), page


@pytest.fixture(autouse=True)
def real_gateways(shared_app: APIFlask) -> Iterator[None]:
    yield
    shared_app.extensions.pop("payment_gateways", None)


@pytest.fixture
def order(app: APIFlask, sign_in: SignIn) -> Transaction:
    """A pending purchase of ten credits for 15.00 USD."""
    bought(app, sign_in, Checkout("https://checkout.stripe.com/c/pay/cs_test_1", "cs_test_1"))
    app.extensions.pop("payment_gateways")
    return db.session.scalars(select(Transaction)).one()


def kept() -> GatewayEvent:
    return db.session.scalars(select(GatewayEvent)).one()


def test_a_package_in_dollars_is_paid_at_stripe(app: APIFlask, sign_in: SignIn) -> None:
    answer, page = bought(app, sign_in, Checkout("https://checkout.stripe.com/c/pay/cs_test_1", "cs_test_1"))

    transaction = db.session.scalars(select(Transaction)).one()
    assert (answer.status_code, answer.json["payment_url"]) == (200, "https://checkout.stripe.com/c/pay/cs_test_1")
    assert (answer.json["amount"], answer.json["currency"], answer.json["status"]) == (1500, "USD", "PENDING")
    assert (transaction.provider, transaction.gateway_reference) == (Provider.STRIPE, "cs_test_1")
    assert [(order.code, order.amount, order.name) for order in page.orders] == [(transaction.transaction_code, 1500, "Gói 10 tin")]


def test_a_silent_gateway_is_said_so_and_nothing_is_frozen(app: APIFlask, sign_in: SignIn) -> None:
    answer, _ = bought(app, sign_in, GatewaySilent("no answer"), **{"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json["code"]) == (503, "gateway_away")
    assert db.session.scalars(select(Transaction.payment_url)).one() == ""


def test_the_same_intent_after_a_silence_is_the_same_order(app: APIFlask, sign_in: SignIn) -> None:
    page = Page(GatewaySilent("no answer"))
    app.extensions["payment_gateways"] = {Provider.STRIPE: page}
    caller, body = sign_in(buyer()), {"package_id": add_package(currency="USD", price=1500).id}

    silent = caller.post("/api/v1/payments/create_payment/", json=body, headers={"Idempotency-Key": "k"})
    page.answer = Checkout("https://checkout.stripe.com/c/pay/cs_test_1", "cs_test_1")
    answered = caller.post("/api/v1/payments/create_payment/", json=body, headers={"Idempotency-Key": "k"})

    transaction = db.session.scalars(select(Transaction)).one()
    assert (silent.status_code, answered.status_code) == (503, 200)
    assert [order.code for order in page.orders] == [transaction.transaction_code] * 2


def test_an_order_that_stripe_refuses_fails(app: APIFlask, sign_in: SignIn) -> None:
    answer, _ = bought(app, sign_in, OrderRefused("amount_too_small"))

    assert (answer.status_code, answer.json["code"]) == (409, "package_not_payable")
    assert db.session.scalars(select(Transaction.status)).one() == TransactionStatus.FAILED


def test_a_paid_session_is_granted_once(order: Transaction, client: FlaskClient) -> None:
    body = event(PAID, session_of(order))

    answers = [post_event(client, body) for _ in range(3)]
    verdicts = settle_all()

    assert [(answer.status_code, answer.json) for answer in answers] == [(200, {"received": True})] * 3
    assert verdicts == [Verdict.APPLIED]
    assert (order.status, order.gateway_transaction_no) == (TransactionStatus.SUCCESS, "pi_1")
    assert db.session.get(User, order.user_id).job_posting_credits == 10
    assert kept().body == body
    assert ledger_check.check() == []


@pytest.mark.parametrize("kinds", [(EXPIRED, PAID), (PAID, EXPIRED), (PAID, "checkout.session.async_payment_failed")])
def test_events_in_any_order_end_in_success(order: Transaction, client: FlaskClient, kinds: tuple[str, ...]) -> None:
    for number, kind in enumerate(kinds):
        post_event(client, event(kind, session_of(order), id=f"evt_{number}"))
        settle_all()

    assert order.status == TransactionStatus.SUCCESS
    assert db.session.get(User, order.user_id).job_posting_credits == 10
    assert ledger_check.check() == []


def test_a_session_that_expired_is_expired(order: Transaction, client: FlaskClient) -> None:
    post_event(client, event(EXPIRED, session_of(order, payment_status="unpaid", payment_intent=None)))
    settle_all()

    assert order.status == TransactionStatus.EXPIRED


def test_a_slow_payment_is_granted_when_it_has_come(order: Transaction, client: FlaskClient) -> None:
    post_event(client, event(PAID, session_of(order, payment_status="unpaid")))
    settle_all()
    waiting = order.status
    post_event(client, event("checkout.session.async_payment_succeeded", session_of(order), id="evt_2"))
    settle_all()

    assert (waiting, order.status) == (TransactionStatus.PENDING, TransactionStatus.SUCCESS)


@pytest.mark.parametrize(
    ("changes", "around", "verdict"),
    [
        ({"amount_total": 1499}, {}, Verdict.WRONG_AMOUNT),
        ({"amount_total": "1500"}, {}, Verdict.WRONG_AMOUNT),
        ({"amount_total": True}, {}, Verdict.WRONG_AMOUNT),
        ({"amount_total": 2**63}, {}, Verdict.WRONG_AMOUNT),
        ({"amount_total": None}, {}, Verdict.WRONG_AMOUNT),
        ({"currency": "vnd"}, {}, Verdict.WRONG_CURRENCY),
        ({"currency": None}, {}, Verdict.WRONG_CURRENCY),
        ({"client_reference_id": "JBNOBODY"}, {}, Verdict.UNKNOWN_ORDER),
        ({"client_reference_id": "\x00"}, {}, Verdict.UNKNOWN_ORDER),
        ({"client_reference_id": ["x"]}, {}, Verdict.UNKNOWN_ORDER),
        ({}, {"livemode": True}, Verdict.WRONG_MERCHANT),
        ({}, {"livemode": "false"}, Verdict.WRONG_MERCHANT),
        ({}, {"type": "customer.created"}, Verdict.IGNORED),
    ],
)
def test_an_authentic_event_that_does_not_fit_changes_nothing_and_says_why(
    order: Transaction, client: FlaskClient, changes: dict[str, Any], around: dict[str, Any], verdict: Verdict
) -> None:
    answer = post_event(client, event(PAID, session_of(order, **changes), **around))
    settle_all()

    assert answer.status_code == 200
    assert (kept().verdict, bool(kept().reason)) == (verdict, True)
    assert order.status == TransactionStatus.PENDING
    assert db.session.scalars(select(Task.name).where(Task.name.startswith("payments."))).all() == []


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"age": 301}, Verdict.STALE),
        ({"secret": "whsec_somebody"}, Verdict.BAD_SIGNATURE),
        ({"signature": ""}, Verdict.BAD_SIGNATURE),
        ({"signature": "t=1,v1=é"}, Verdict.BAD_SIGNATURE),
        ({"signature": "t=x,v0=1"}, Verdict.BAD_SIGNATURE),
    ],
)
def test_a_call_that_is_not_proven_is_refused(order: Transaction, client: FlaskClient, values: dict[str, Any], verdict: Verdict) -> None:
    answer = post_event(client, event(PAID, session_of(order)), **values)

    assert (answer.status_code, answer.json["code"]) == (400, "bad_signature")
    assert (kept().verdict, kept().processed_at is not None, kept().body) == (verdict, True, None)
    assert order.status == TransactionStatus.PENDING


def test_every_altered_byte_of_a_signed_body_is_noticed(order: Transaction, client: FlaskClient) -> None:
    body = event(PAID, session_of(order))
    header = post_event(client, body).request.headers["Stripe-Signature"]

    altered = [body[:place] + ("1" if body[place] != "1" else "2") + body[place + 1 :] for place in range(0, len(body), 7)]
    answers = {post_event(client, text, signature=header).status_code for text in [*altered, body + " ", body[:-1]]}

    assert answers == {400}


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '"x"',
        "nul",
        '{"id":1,"type":"x","livemode":false,"data":{"object":{}}}',
        '{"data":{"object":[]}}',
        event("checkout.session.completed", {}, id="evt_\x00"),
        event("checkout.session.completed", {}, id="evt_\ud800"),
        event("checkout.session.completed", {}, id="e" * 256),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(app: APIFlask, client: FlaskClient, body: str) -> None:
    assert post_event(client, body).status_code == 400
    assert kept().verdict == Verdict.BAD_SIGNATURE


def test_what_no_database_holds_is_kept_as_what_it_can(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy(package=add_package(currency="USD", price=1500))

    answer = post_event(client, event("checkout.session.completed", session_of(transaction, payment_intent="pi\x00\ud800")))

    assert answer.status_code == 200
    assert kept().gateway_transaction_no == "pi\ufffd?"


def test_a_body_that_is_not_text_is_refused(app: APIFlask, client: FlaskClient) -> None:
    assert post_event(client, b"\xff\xfe\x00").status_code == 400


def test_an_oversized_body_is_refused_unread_and_noted(order: Transaction, client: FlaskClient) -> None:
    answer = post_event(client, event(PAID, session_of(order, padding="x" * LONGEST_BODY)))

    assert (answer.status_code, answer.json["code"]) == (413, "oversized_notice")
    assert kept().verdict == Verdict.OVERSIZED
    assert order.status == TransactionStatus.PENDING


def test_unknown_fields_do_no_harm(order: Transaction, client: FlaskClient) -> None:
    post_event(client, event(PAID, session_of(order, brand_new={"deep": [1, {"x": None}]}), api_version="2099-01-01"))

    assert settle_all() == [Verdict.APPLIED]


def test_two_secrets_serve_while_one_replaces_the_other() -> None:
    # The signature is what `openssl dgst -sha256 -hmac whsec_old` makes of `1700000000.{"id":"evt_1"}`; it is years old.
    header = "t=1700000000,v1=ef1b1b7e4b312671a75ef2a03e10529f7834a6528a49db77ad6568c8c8017843"

    with pytest.raises(BadNotice) as known:
        stripe_events.check_signature(b'{"id":"evt_1"}', header, ["whsec_new", "whsec_old"])
    with pytest.raises(BadNotice) as unknown:
        stripe_events.check_signature(b'{"id":"evt_1"}', header, ["whsec_new", "whsec_other"])

    assert (known.value.is_stale, unknown.value.is_stale) == (True, False)


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
def test_either_secret_signs(secret: str) -> None:
    gateway = StripeGateway("sk_test_1", ("whsec_new", "whsec_old"), "https://shop.example/result")
    body = event(PAID, {"id": "cs_1", "payment_status": "paid", "client_reference_id": "JB1", "amount_total": 5, "currency": "usd"})

    notice = gateway.verify(IncomingCall(body=body.encode(), signature=stripe.WebhookSignature.generate_signature_header(body, secret)))

    assert (notice.order_code, notice.amount, notice.currency, notice.is_ours) == ("JB1", 5, "USD", True)


def test_a_live_key_takes_live_events_only() -> None:
    gateway = StripeGateway("sk_live_1", ("whsec_1",), "https://shop.example/result")
    body = event(PAID, {"id": "cs_1"})

    notice = gateway.verify(IncomingCall(body=body.encode(), signature=stripe.WebhookSignature.generate_signature_header(body, "whsec_1")))

    assert notice.is_ours is False


@pytest.fixture(scope="module")
def mock() -> Iterator[StripeGateway]:
    """A gateway that speaks to Stripe's own mock server, which refuses what Stripe's API description does not have."""
    try:
        with stripe_mock.running() as address:
            yield StripeGateway("sk_test_123", ("whsec_1",), "https://shop.example/payment/result", address)
    except stripe_mock.NoStripeMock as error:
        pytest.skip(str(error))


def test_stripes_description_takes_our_requests(mock: StripeGateway) -> None:
    payment = Payment("JB1", "cs_test_1", "pi_1", 1500, "USD", CREATED_AT)

    checkout = mock.create(ORDER)
    finding = mock.query(payment)
    answer = mock.refund(RefundOrder(7, payment, 500, False, "admin1", CREATED_AT))

    assert checkout.payment_url.startswith("https://checkout.stripe.com/")
    assert (checkout.reference or "").startswith("cs_test_")
    assert finding.state == PaymentState.OPEN
    assert (answer.state, answer.reference[:3]) == (RefundState.DONE, "re_")


def test_stripes_description_refuses_what_it_does_not_have(mock: StripeGateway) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        mock._client.v1.checkout.sessions.create({"mode": "payment", "nonsense": "1"})  # type: ignore[typeddict-unknown-key]


def test_a_stripe_that_is_not_there_is_silent() -> None:
    nowhere = StripeGateway("sk_test_1", ("whsec_1",), "https://shop.example/result", "http://127.0.0.1:1")
    payment = Payment("JB1", "cs_test_1", "pi_1", 1500, "USD", CREATED_AT)

    for call in (
        lambda: nowhere.create(ORDER),
        lambda: nowhere.query(payment),
        lambda: nowhere.refund(RefundOrder(7, payment, 5, False, "a", CREATED_AT)),
    ):
        with pytest.raises(GatewaySilent):
            call()


def test_refunds_are_repeated_while_stripe_surely_knows_their_key() -> None:
    gateway = StripeGateway("sk_test_1", ("whsec_1",), "https://shop.example/result")

    assert gateway.may_repeat(CREATED_AT, CREATED_AT + timedelta(hours=22, minutes=59))
    assert not gateway.may_repeat(CREATED_AT, CREATED_AT + timedelta(hours=23))
