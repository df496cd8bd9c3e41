"""VNPay's merchant API: signatures against answers of `openssl dgst -sha512 -hmac`, and what each answer means; the choice of a gateway."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from apiflask import APIFlask

from app.payments.errors import PackageNotPayable
from app.payments.models import Outcome, Provider
from app.payments.providers import vnpay_api as api
from app.payments.providers import vnpay_messages
from app.payments.providers.base import BadNotice, Finding, GatewaySilent, IncomingCall, Payment, PaymentState, RefundAnswer, RefundOrder, RefundState
from app.payments.providers.registry import gateway_of, provider_of
from app.payments.providers.vnpay import VnpayGateway, post
from config import ConfigError, Settings
from tests.payments.builders import add_package

SECRET = "RAOEXHYVSDDIIENYWSLDIIZTANXUXZFJ"
MERCHANT = vnpay_messages.Merchant("DEMOV210", SECRET, "https://pay.example/", "https://shop.example/return")
CODE = "JB2503091A2B3C4D5E6F7081"
ORDERED_AT = datetime(2025, 3, 9, 5, 0, tzinfo=UTC)
PAYMENT = Payment(CODE, None, "14422574", 1_500_000, "VND", ORDERED_AT)
REFUND = RefundOrder(12, PAYMENT, 500_000, False, "admin7", datetime(2025, 3, 10, 1, 0, tzinfo=UTC))

QUERY_ANSWER = {
    "vnp_ResponseId": "b3a1",
    "vnp_Command": "querydr",
    "vnp_ResponseCode": "00",
    "vnp_Message": "QueryDR Success",
    "vnp_TmnCode": "DEMOV210",
    "vnp_TxnRef": CODE,
    "vnp_Amount": "150000000",
    "vnp_BankCode": "NCB",
    "vnp_PayDate": "20250309120501",
    "vnp_TransactionNo": "14422574",
    "vnp_TransactionType": "01",
    "vnp_TransactionStatus": "00",
    "vnp_OrderInfo": "Thanh toan goi 1",
}
QUERY_ANSWER_SIGNATURE = (
    "2d3b690cbd64b509a30705555cafc575b351993fa5a4c96c12cafa7e2d0ee1760c6f5ca1ae3d0142d97474b8d958e17f9659d8909066e7fd5a6ff9482dcd3bb2"
)
REFUND_ANSWER = {
    **QUERY_ANSWER,
    "vnp_ResponseId": "b3a2",
    "vnp_Command": "refund",
    "vnp_Message": "Refund Success",
    "vnp_Amount": "50000000",
    "vnp_PayDate": "20250310080002",
    "vnp_TransactionNo": "14422599",
    "vnp_TransactionType": "03",
    "vnp_TransactionStatus": "05",
    "vnp_OrderInfo": f"Hoan tien {CODE}",
}
REFUND_ANSWER_SIGNATURE = (
    "ace01e4b2ea38198a8f3425ce76f7bb295bad794872f4be09dc82036cc591c8ecd40e5c5fa035d969a2238f6b8732864950d198a744b4106ae3dafa68dd0f0e5"
)


def signed(fields: dict[str, str], **changes: str) -> dict[str, str]:
    whole = {**fields, **changes}
    return {**whole, "vnp_SecureHash": api.sign(whole, api.ANSWER_FIELDS[whole["vnp_Command"]], SECRET)}


class Bank:
    """Answers every message with the same fields; keeps what it was sent."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.heard: list[dict[str, str]] = []

    def __call__(self, address: str, body: bytes) -> bytes:
        assert address == "https://bank.example/api"
        self.heard.append(json.loads(body))
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


def gateway(answer: object) -> VnpayGateway:
    return VnpayGateway(MERCHANT, "https://bank.example/api", Bank(answer))


def test_a_query_is_signed_over_its_values_in_the_manuals_order() -> None:
    at = datetime(2025, 3, 9, 5, 17, 30, tzinfo=UTC)

    request = api.query_request(MERCHANT, request_id="a1b2c3d4e5", code=CODE, ordered_at=ORDERED_AT, at=at, address="127.0.0.1")

    assert (request["vnp_TransactionDate"], request["vnp_CreateDate"]) == ("20250309120000", "20250309121730")
    assert request["vnp_SecureHash"] == (
        "5421ee455e3a8eb8644ab8ea6e56601bd251f74b2b5508240f7d422430ae847aed3fa112a8f502a5aaed0c659dcdfb0e0ac2815d70995474167f5866afc615c4"
    )


def test_a_refund_is_signed_over_its_values_in_the_manuals_order() -> None:
    request = api.refund_request(
        MERCHANT,
        request_id="f0e1d2c3b4",
        code=CODE,
        transaction_no="14422574",
        amount=500_000,
        is_whole=False,
        ordered_at=ORDERED_AT,
        at=datetime(2025, 3, 10, 1, 0, tzinfo=UTC),
        actor="admin7",
        address="127.0.0.1",
    )

    assert (request["vnp_TransactionType"], request["vnp_Amount"], request["vnp_CreateDate"]) == ("03", "50000000", "20250310080000")
    assert request["vnp_SecureHash"] == (
        "5528ad1b2f07eed4534aa83f33407acf915b006beb568a1f1f6faa72adeffd9d8a951c58e838b759d429f28a618943966894fc5d327b7b07891dcc0d10da3094"
    )


@pytest.mark.parametrize(
    ("fields", "order", "signature"),
    [
        (QUERY_ANSWER, api.QUERY_ANSWER_FIELDS, QUERY_ANSWER_SIGNATURE),
        (REFUND_ANSWER, api.REFUND_ANSWER_FIELDS, REFUND_ANSWER_SIGNATURE),
    ],
)
def test_answers_are_checked_against_the_manuals_order(fields: dict[str, str], order: tuple[str, ...], signature: str) -> None:
    assert api.is_authentic({**fields, "vnp_SecureHash": signature.upper()}, order, SECRET)
    for name in order:
        assert not api.is_authentic({**fields, name: fields.get(name, "") + "1", "vnp_SecureHash": signature}, order, SECRET), name


@pytest.mark.parametrize(
    ("status", "state", "needs_people"),
    [
        ("00", PaymentState.PAID, False),
        ("01", PaymentState.OPEN, False),
        ("02", PaymentState.FAILED, False),
        ("04", PaymentState.UNKNOWN, True),
        ("07", PaymentState.UNKNOWN, True),
        ("", PaymentState.UNKNOWN, True),
    ],
)
def test_a_query_says_how_a_payment_stands(status: str, state: PaymentState, needs_people: bool) -> None:
    asked = gateway(signed(QUERY_ANSWER, vnp_TransactionStatus=status))

    finding = asked.query(PAYMENT)

    assert replace(finding, raw={}) == Finding(state, "14422574", 1_500_000, "VND", needs_people=needs_people)
    sent = asked.send.heard[0]  # type: ignore[attr-defined]
    assert (sent["vnp_Command"], sent["vnp_TxnRef"], sent["vnp_TransactionDate"]) == ("querydr", CODE, "20250309120000")
    assert api.is_authentic(sent, api.QUERY_FIELDS, SECRET)


def test_an_order_that_the_gateway_does_not_know_is_unknown() -> None:
    answer = {"vnp_ResponseCode": "91", "vnp_Message": "not found"}

    assert gateway(answer).query(PAYMENT) == Finding(PaymentState.UNKNOWN, raw=answer)


SILENCE = [
    {**QUERY_ANSWER},
    {**QUERY_ANSWER, "vnp_SecureHash": "00" * 64},
    signed(QUERY_ANSWER) | {"vnp_Amount": "100"},
    signed(QUERY_ANSWER, vnp_TxnRef="JBANOTHER"),
    {"vnp_ResponseCode": "97"},
    {"vnp_ResponseCode": "99"},
    {},
    [],
    b"<html>",
    b"",
]


@pytest.mark.parametrize("answer", SILENCE)
def test_an_answer_that_cannot_be_believed_is_silence(answer: object) -> None:
    with pytest.raises(GatewaySilent):
        gateway(answer).query(PAYMENT)


def test_a_gateway_that_is_not_there_is_silent() -> None:
    with pytest.raises(GatewaySilent):
        post("http://127.0.0.1:1/", b"{}")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (signed(REFUND_ANSWER), RefundAnswer(RefundState.ACCEPTED, "14422599")),
        (signed(REFUND_ANSWER, vnp_TransactionStatus="00"), RefundAnswer(RefundState.DONE, "14422599")),
        (signed(REFUND_ANSWER, vnp_TransactionStatus="09"), RefundAnswer(RefundState.REFUSED, "14422599", "09: Refund Success")),
        ({"vnp_ResponseCode": "94", "vnp_Message": "again"}, RefundAnswer(RefundState.ACCEPTED)),
        ({"vnp_ResponseCode": "95", "vnp_Message": "not paid"}, RefundAnswer(RefundState.REFUSED, reason="95: not paid")),
        ({"vnp_ResponseCode": "97", "vnp_Message": "checksum"}, RefundAnswer(RefundState.REFUSED, reason="97: checksum")),
    ],
)
def test_a_refunds_answer_is_read(answer: object, expected: RefundAnswer) -> None:
    assert gateway(answer).refund(REFUND) == expected


def test_a_refusal_of_a_repetition_says_nothing_of_the_first_request() -> None:
    answer = gateway({"vnp_ResponseCode": "95", "vnp_Message": "nothing to refund"}).refund(replace(REFUND, is_repeated=True))

    assert answer == RefundAnswer(RefundState.UNKNOWN, reason="95: nothing to refund")


@pytest.mark.parametrize(
    "answer", [dict(REFUND_ANSWER), signed(REFUND_ANSWER) | {"vnp_Amount": "1"}, {"vnp_ResponseCode": "99"}, {**REFUND_ANSWER, "vnp_Command": "pay"}]
)
def test_a_refund_without_a_believable_answer_is_open(answer: object) -> None:
    with pytest.raises(GatewaySilent):
        gateway(answer).refund(REFUND)


def test_the_same_refund_is_the_same_request_and_another_is_not() -> None:
    asked = gateway({"vnp_ResponseCode": "94"})

    for order in (REFUND, REFUND, replace(REFUND, id=13)):
        asked.refund(order)

    first, again, other = asked.send.heard  # type: ignore[attr-defined]
    assert first == again
    assert first["vnp_RequestId"] != other["vnp_RequestId"]
    assert len(first["vnp_RequestId"]) == 32


@pytest.mark.parametrize(
    ("first", "again", "may"),
    [
        # 23:58 and 23:59:30 of the same day in Hanoi; a call takes a moment to arrive.
        (datetime(2025, 3, 9, 16, 58, tzinfo=UTC), datetime(2025, 3, 9, 16, 58, 30, tzinfo=UTC), True),
        (datetime(2025, 3, 9, 16, 58, tzinfo=UTC), datetime(2025, 3, 9, 16, 59, 30, tzinfo=UTC), False),
        (datetime(2025, 3, 8, 17, 0, tzinfo=UTC), datetime(2025, 3, 9, 16, 0, tzinfo=UTC), True),
        (datetime(2025, 3, 8, 16, 59, tzinfo=UTC), datetime(2025, 3, 8, 17, 1, tzinfo=UTC), False),
    ],
)
def test_a_refund_is_repeated_on_its_own_day_in_vietnam_only(first: datetime, again: datetime, may: bool) -> None:
    assert gateway({}).may_repeat(first, again) is may


def test_a_notice_is_read_when_its_signature_is_right() -> None:
    fields = {"vnp_TmnCode": "DEMOV210", "vnp_TxnRef": CODE, "vnp_Amount": "150000000", "vnp_TransactionNo": "1"}
    fields |= {"vnp_ResponseCode": "00", "vnp_TransactionStatus": "00"}
    call = IncomingCall({**fields, "vnp_SecureHash": vnpay_messages.sign(fields, SECRET), "utm": "x"})

    notice = gateway({}).verify(call)

    assert (notice.order_code, notice.amount, notice.outcome, notice.is_ours) == (CODE, 1_500_000, Outcome.SUCCEEDED, True)
    with pytest.raises(BadNotice):
        gateway({}).verify(IncomingCall({**call.arguments, "vnp_Amount": "1"}))


def test_a_currency_or_a_package_has_its_gateway(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    dong, dollars, special = add_package(), add_package(currency="USD"), add_package()
    monkeypatch.setattr(app.extensions["settings"], "payment_providers", f"VND=vnpay,USD=stripe,{special.id}=stripe")

    chosen = [provider_of(package) for package in (dong, dollars, special)]

    assert chosen == [Provider.VNPAY, Provider.STRIPE, Provider.STRIPE]
    assert [gateway_of(provider).provider for provider in chosen] == chosen


@pytest.mark.parametrize("routes", ["VND=vnpay", "VND=vnpay,USD=vnpay", ""])
def test_a_currency_that_no_gateway_takes_is_not_payable(app: APIFlask, monkeypatch: pytest.MonkeyPatch, routes: str) -> None:
    monkeypatch.setattr(app.extensions["settings"], "payment_providers", routes)
    package = add_package(currency="USD")

    with pytest.raises(PackageNotPayable):
        provider_of(package)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"payment_providers": "VND=paypal"}, "PAYMENT_PROVIDERS"),
        ({"stripe_webhook_secrets": "a,b,c", "stripe_secret_key": "sk_test_1"}, "STRIPE_WEBHOOK_SECRETS"),
        ({"stripe_secret_key": "sk_test_1"}, "STRIPE_WEBHOOK_SECRETS"),
    ],
)
def test_wrong_settings_are_named(make_settings: Callable[..., Settings], values: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        make_settings(**values)


def test_a_real_merchants_api_stands_beside_its_page(make_settings: Callable[..., Settings]) -> None:
    real = {"vnpay_tmn_code": "SHOP0001", "vnpay_hash_secret": "own"}

    sandbox = make_settings(**real, vnpay_url="https://sandbox.vnpayment.vn/paymentv2/vpcpay.html")
    live = make_settings(**real, vnpay_url="https://pay.vnpay.vn/vpcpay.html")

    assert sandbox.vnpay_api_url == "https://sandbox.vnpayment.vn/merchant_webapi/api/transaction"
    assert live.vnpay_api_url == "https://merchant.vnpay.vn/merchant_webapi/api/transaction"
    assert (sandbox.stripe_secret_key, sandbox.uses_local_stripe) == ("", False)
