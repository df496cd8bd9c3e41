"""The development gateway: it checks like the bank, calls back like VNPay, and is not there with a real merchant."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app import create_app
from app.core.clock import now
from app.extensions import db
from app.payments.local_gateway import store, vnpay_page, wishes
from app.payments.local_gateway.wishes import Api, Choice, Notify, Wish
from app.payments.models import Transaction, TransactionStatus
from app.payments.providers import vnpay_api, vnpay_messages
from config import LOCAL_GATEWAY_SECRET, Settings
from tests.payments.builders import buy, call_ipn, notice, settle_all


@pytest.fixture
def heard(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The gateway's calls go straight into the application; the addresses it called."""
    addresses: list[str] = []

    def call(address: str) -> str:
        addresses.append(address)
        parts = urlsplit(address)
        code: str = client.get(parts.path, query_string=parts.query).json["RspCode"]
        return code

    monkeypatch.setitem(app.extensions, "local_gateway_call", call)
    return addresses


def gateway(transaction: Transaction) -> str:
    parts = urlsplit(transaction.payment_url)
    return f"{parts.path}?{parts.query}"


def test_the_page_shows_what_is_to_be_paid(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    page = client.get(gateway(transaction))

    assert page.status_code == 200
    assert transaction.payment_url.startswith("http://127.0.0.1:8000/dev/gateway/pay?")
    for text in ("1.500.000 <small>VND</small>", transaction.transaction_code, "LOCALDEV", 'value="pay"', 'value="fail"', 'value="leave"'):
        assert text in page.text


def test_paying_calls_the_shop_and_sends_the_buyer_back(app: APIFlask, client: FlaskClient, heard: list[str]) -> None:
    transaction = buy()

    answer = client.post(gateway(transaction), data={"outcome": "pay"})
    verdicts = settle_all()

    assert answer.status_code == 303
    back = dict(parse_qsl(urlsplit(answer.location).query))
    assert answer.location.startswith("http://127.0.0.1:8000/api/v1/payments/vnpay_return/?")
    assert vnpay_messages.is_authentic(back, LOCAL_GATEWAY_SECRET)
    assert (back["vnp_ResponseCode"], back["vnp_TransactionStatus"]) == ("00", "00")
    assert [address.split("?")[0] for address in heard] == ["http://127.0.0.1:8000/api/v1/payments/vnpay_ipn/"]
    assert verdicts == ["APPLIED"]
    assert transaction.status == TransactionStatus.SUCCESS


def test_paying_twice_is_one_payment(app: APIFlask, client: FlaskClient, heard: list[str]) -> None:
    transaction = buy()

    for _ in range(2):
        client.post(gateway(transaction), data={"outcome": "pay"})
        verdicts = settle_all()

    assert len(heard) == 2
    assert verdicts == ["APPLIED"]


def test_a_failure_is_told_too(app: APIFlask, client: FlaskClient, heard: list[str]) -> None:
    transaction = buy()

    client.post(gateway(transaction), data={"outcome": "fail"})
    settle_all()

    assert transaction.status == TransactionStatus.FAILED
    assert (transaction.gateway_transaction_no, len(heard)) == (None, 1)


def test_walking_away_tells_nobody(app: APIFlask, client: FlaskClient, heard: list[str]) -> None:
    transaction = buy()

    answer = client.post(gateway(transaction), data={"outcome": "leave"})

    place = f"http://127.0.0.1:8000/payment/result?transaction_code={transaction.transaction_code}"
    assert (answer.status_code, answer.location) == (303, place)
    assert heard == []


def test_an_order_that_expired_cannot_be_paid(app: APIFlask, client: FlaskClient, heard: list[str]) -> None:
    order = dict(parse_qsl(urlsplit(buy().payment_url).query))
    order["vnp_ExpireDate"] = vnpay_messages.to_gateway_time(now() - timedelta(minutes=1))
    order["vnp_SecureHash"] = vnpay_messages.sign(order, LOCAL_GATEWAY_SECRET)

    page = client.get("/dev/gateway/pay", query_string=order)
    answer = client.post("/dev/gateway/pay", query_string=order, data={"outcome": "pay"})

    assert "This order has expired" in page.text
    assert dict(parse_qsl(urlsplit(answer.location).query))["vnp_ResponseCode"] == "11"


@pytest.mark.parametrize("changes", [{"vnp_Amount": "100"}, {"vnp_SecureHash": ""}, {"vnp_ReturnUrl": "https://evil.example/"}])
def test_an_altered_order_is_refused(app: APIFlask, client: FlaskClient, heard: list[str], changes: dict[str, str]) -> None:
    order = {**dict(parse_qsl(urlsplit(buy().payment_url).query)), **changes}

    answers = [client.get("/dev/gateway/pay", query_string=order), client.post("/dev/gateway/pay", query_string=order, data={"outcome": "pay"})]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert heard == []


def test_an_unknown_choice_names_its_field(app: APIFlask, client: FlaskClient, heard: list[str]) -> None:
    answer = client.post(gateway(buy()), data={"outcome": "steal"})

    assert (answer.status_code, list(answer.json["errors"])) == (400, ["outcome"])


def test_a_call_that_is_not_heard_is_repeated(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, repeated = ["", "99", "00"], threading.Event()
    called: list[str] = []

    def call(address: str) -> str:
        called.append(address)
        answer = answers[len(called) - 1]
        if answer == "00":
            repeated.set()
        return answer

    monkeypatch.setattr(wishes, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setitem(app.extensions, "local_gateway_call", call)

    vnpay_page.notify("http://shop.example/ipn", Wish(Choice.PAY, Notify.ONCE, 0, Api.ANSWERS))

    assert repeated.wait(10)
    assert called == ["http://shop.example/ipn"] * 3


@pytest.mark.parametrize(("body", "code"), [(b'{"RspCode": "02", "Message": "x"}', "02"), (b"not json", ""), (b"", "")])
def test_the_shops_answer_is_read_over_http(body: bytes, code: str) -> None:
    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *values: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.handle_request)
    thread.start()

    heard = vnpay_page.call_ipn(f"http://127.0.0.1:{server.server_port}/ipn")

    thread.join(10)
    server.server_close()
    assert heard == code
    assert vnpay_page.call_ipn(f"http://127.0.0.1:{server.server_port}/ipn") == ""


def test_the_bank_counts_refunds_that_come_at_once(app: APIFlask, client: FlaskClient, heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = buy()
    client.post(gateway(transaction), data={"outcome": "pay"})
    original = store.save

    def save_slowly(*arguments: Any) -> None:
        time.sleep(0.05)
        original(*arguments)

    def refund(number: int) -> dict[str, str]:
        request = vnpay_api.refund_request(
            vnpay_messages.Merchant("LOCALDEV", LOCAL_GATEWAY_SECRET, "", ""),
            request_id=f"r{number}",
            code=transaction_code,
            transaction_no="1",
            amount=400_000,
            is_whole=False,
            ordered_at=now(),
            at=now(),
            actor="admin1",
            address="127.0.0.1",
        )
        answer: dict[str, str] = app.test_client().post("/dev/gateway/api", json=request).json
        return answer

    transaction_code = transaction.transaction_code
    monkeypatch.setattr(store, "save", save_slowly)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(refund, range(6)))

    # Of 1,500,000 three times 400,000 can be given back.
    assert sorted(answer["vnp_ResponseCode"] for answer in answers) == ["00"] * 3 + ["95"] * 3
    assert len({answer["vnp_TransactionNo"] for answer in answers if answer["vnp_ResponseCode"] == "00"}) == 3


def test_the_result_page_follows_the_transaction(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    address = f"/payment/result?transaction_code={transaction.transaction_code}"

    pending = client.get(address).text
    call_ipn(client, notice(transaction))
    settle_all()
    settled = client.get(address).text
    unknown = client.get("/payment/result?transaction_code=%00").text

    assert 'http-equiv="refresh"' in pending
    assert "Thanh toán thành công" in settled
    assert "http-equiv" not in settled
    assert "There is no such transaction." in unknown


def test_a_real_merchant_has_no_local_gateway(make_settings: Callable[..., Settings]) -> None:
    real = create_app(make_settings(vnpay_tmn_code="SHOP0001", vnpay_hash_secret="the-merchants-own-secret"))

    assert not [rule for rule in real.url_map.iter_rules() if rule.rule.startswith(("/dev/", "/payment/"))]
    with real.app_context():
        db.engine.dispose()
