"""Packages, create_payment with and without a key, and one's own transactions."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts import sessions
from app.accounts.models import User
from app.core.idempotency_keys import IdempotencyKey
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments.models import Transaction, TransactionStatus
from app.payments.providers import vnpay_messages
from config import LOCAL_GATEWAY_SECRET
from tests.factories import CandidateFactory
from tests.payments.builders import add_package, buy, buyer

SignIn = Callable[[User], FlaskClient]
CREATE = "/api/v1/payments/create_payment/"
LIST = "/api/v1/payments/transactions/"


def count_transactions() -> int:
    return db.session.scalar(select(func.count()).select_from(Transaction)) or 0


def test_only_active_packages_are_on_sale(client: FlaskClient) -> None:
    package = add_package(description="Dành cho công ty nhỏ")
    add_package(is_active=False)

    answer = client.get("/api/v1/payments/packages/")

    assert answer.json == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [
            {
                "id": package.id,
                "name": "Gói 10 tin",
                "price": 1_500_000,
                "currency": "VND",
                "duration_days": 30,
                "package_type": "CREDIT",
                "job_posting_limit": 10,
                "allow_unlimited_posting": False,
                "description": "Dành cho công ty nhỏ",
                "is_active": True,
            }
        ],
    }


def test_a_purchase_answers_with_a_signed_address(sign_in: SignIn) -> None:
    package, caller = add_package(), sign_in(buyer())

    answer = caller.post(CREATE, json={"package_id": package.id})

    transaction = db.session.scalars(select(Transaction)).one()
    assert answer.status_code == 200
    assert answer.json == {
        "transaction_id": transaction.id,
        "transaction_code": transaction.transaction_code,
        "payment_url": transaction.payment_url,
        "status": "PENDING",
        "amount": 1_500_000,
        "currency": "VND",
        "expires_at": answer.json["expires_at"],
    }
    assert datetime.fromisoformat(answer.json["expires_at"]) == transaction.created_at + timedelta(hours=1)
    fields = dict(parse_qsl(urlsplit(answer.json["payment_url"]).query))
    assert vnpay_messages.is_authentic(fields, LOCAL_GATEWAY_SECRET)
    assert (fields["vnp_Amount"], fields["vnp_TxnRef"]) == ("150000000", transaction.transaction_code)


def test_json_labelled_as_a_form_is_read(sign_in: SignIn) -> None:
    package, caller = add_package(), sign_in(buyer())
    form = "application/x-www-form-urlencoded"

    labelled = caller.post("/api/payments/create_payment", data=json.dumps({"package_id": str(package.id)}), content_type=form)
    real_form = caller.post(CREATE, data=f"package_id={package.id}", content_type=form)

    assert labelled.status_code == 200
    assert (real_form.status_code, real_form.json["code"]) == (415, "unsupported_media")
    assert count_transactions() == 1


def test_without_a_key_each_request_is_an_intent_of_its_own(sign_in: SignIn) -> None:
    package, caller = add_package(), sign_in(buyer())

    codes = {caller.post(CREATE, json={"package_id": package.id}).json["transaction_code"] for _ in range(2)}

    assert len(codes) == 2


def test_a_key_repeated_gets_the_first_answer_byte_for_byte(sign_in: SignIn) -> None:
    package, caller = add_package(), sign_in(buyer())
    headers = {"Idempotency-Key": "intent-1"}

    first = caller.post(CREATE, json={"package_id": package.id}, headers=headers)
    again = caller.post("/api/payments/create_payment/", json={"package_id": package.id}, headers=headers)

    assert (again.status_code, again.data, again.content_type) == (first.status_code, first.data, first.content_type)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert count_transactions() == 1


@pytest.mark.parametrize(
    ("body", "field"), [({}, "package_id"), ({"package_id": "x"}, "package_id"), ({"package_id": 0}, "package_id"), ({"amount": 1}, "amount")]
)
def test_a_wrong_body_names_its_field_and_is_not_frozen(sign_in: SignIn, body: dict[str, Any], field: str) -> None:
    package, caller = add_package(), sign_in(buyer())
    headers = {"Idempotency-Key": "intent-1"}

    wrong = caller.post(CREATE, json=body, headers=headers)
    corrected = caller.post(CREATE, json={"package_id": package.id}, headers=headers)

    assert wrong.status_code == 400
    assert field in wrong.json["errors"]
    assert corrected.status_code == 200
    assert "Idempotent-Replayed" not in corrected.headers
    assert count_transactions() == 1


@pytest.mark.parametrize("changes", [{"is_active": False}, {}])
def test_a_package_that_is_not_on_sale_is_not_found(sign_in: SignIn, changes: dict[str, Any]) -> None:
    package_id = add_package(**changes).id + (0 if changes else 1000)

    answer = sign_in(buyer()).post(CREATE, json={"package_id": package_id})

    assert (answer.status_code, answer.json["code"]) == (404, "package_not_found")
    assert count_transactions() == 0


def test_a_currency_that_no_gateway_takes_is_refused(app: APIFlask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["settings"], "payment_providers", "VND=vnpay")
    package = add_package(currency="USD")

    answer = sign_in(buyer()).post(CREATE, json={"package_id": package.id})

    assert (answer.status_code, answer.json["code"]) == (409, "package_not_payable")


def test_only_recruiters_buy(client: FlaskClient, sign_in: SignIn) -> None:
    candidate = sign_in(CandidateFactory())

    assert client.post(CREATE, json={}).status_code == 401
    assert candidate.post(CREATE, json={}).status_code == 403
    assert client.get(LIST).status_code == 401


def test_a_rate_refusal_is_not_frozen(app: APIFlask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    package, caller = add_package(), sign_in(buyer())
    monkeypatch.setitem(app.config, "PAYMENT_CREATE_RATE", "1/hour")
    caller.post(CREATE, json={"package_id": package.id}, headers={"Idempotency-Key": "a"})

    refused = caller.post(CREATE, json={"package_id": package.id}, headers={"Idempotency-Key": "b"})
    monkeypatch.setitem(app.config, "PAYMENT_CREATE_RATE", "")
    later = caller.post(CREATE, json={"package_id": package.id}, headers={"Idempotency-Key": "b"})

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert later.status_code == 200
    assert "Idempotent-Replayed" not in later.headers


def test_repetitions_do_not_draw_on_the_rate(app: APIFlask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    package, caller = add_package(), sign_in(buyer())
    monkeypatch.setitem(app.config, "PAYMENT_CREATE_RATE", "2/hour")

    repeated = [caller.post(CREATE, json={"package_id": package.id}, headers={"Idempotency-Key": "a"}).status_code for _ in range(4)]
    fresh = [caller.post(CREATE, json={"package_id": package.id}).status_code for _ in range(2)]
    again = caller.post(CREATE, json={"package_id": package.id}, headers={"Idempotency-Key": "a"})

    assert repeated == [200] * 4
    assert fresh == [200, 429]
    # Whoever has used up the rate still hears what became of a purchase whose answer was lost.
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")


def test_my_transactions_are_mine_newest_first_in_a_constant_number_of_queries(sign_in: SignIn, count_queries: Callable[[], Any]) -> None:
    user, package = buyer(), add_package()
    mine = [buy(user, package).id for _ in range(5)]
    buy(buyer(), package)
    caller = sign_in(user)

    with count_queries() as few:
        one = caller.get(LIST, query_string={"limit": 1})
    with count_queries() as many:
        page = caller.get(LIST)

    assert [found["id"] for found in page.json["results"]] == mine[::-1]
    assert (one.json["count"], len(one.json["results"])) == (5, 1)
    assert len(few) == len(many)


def test_transactions_are_filtered_and_ordered_by_what_is_listed(sign_in: SignIn) -> None:
    user = buyer()
    small, large = buy(user, add_package(price=10_000)), buy(user, add_package(price=20_000))
    large.status = TransactionStatus.FAILED
    db.session.commit()
    caller = sign_in(user)

    failed = caller.get(LIST, query_string={"status": "FAILED"})
    ordered = caller.get(LIST, query_string={"ordering": "amount"})
    wrong = [caller.get(LIST, query_string=query) for query in ({"status": "PAID"}, {"ordering": "user_id"}, {"limit": "0"})]

    assert [found["id"] for found in failed.json["results"]] == [large.id]
    assert [found["id"] for found in ordered.json["results"]] == [small.id, large.id]
    assert [(answer.status_code, list(answer.json["errors"])) for answer in wrong] == [(400, ["status"]), (400, ["ordering"]), (400, ["limit"])]


def test_a_transaction_is_shown_to_its_owner_only(sign_in: SignIn) -> None:
    user = buyer()
    transaction = buy(user)

    own = sign_in(user).get(f"{LIST}{transaction.id}/")
    foreign = sign_in(buyer()).get(f"{LIST}{transaction.id}/")

    assert own.status_code == 200
    assert set(own.json) == {
        "id",
        "transaction_code",
        "package",
        "amount",
        "currency",
        "status",
        "payment_url",
        "provider",
        "refunded_amount",
        "created_at",
        "expires_at",
        "settled_at",
        "receipt_url",
    }
    assert own.json["package"]["job_posting_limit"] == 10
    assert (own.json["provider"], own.json["receipt_url"], own.json["settled_at"]) == ("vnpay", None, None)
    assert (foreign.status_code, foreign.json["code"]) == (404, "transaction_not_found")


def test_fifty_parallel_requests_with_one_key_make_one_transaction_and_get_one_body(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        package_id = add_package().id
        access = sessions.open_session(buyer()).access
    barrier = threading.Barrier(50)
    headers = {"Authorization": f"Bearer {access}", "Idempotency-Key": '"double-click"'}

    def click(number: int) -> tuple[int, bytes, str | None]:
        caller = committed_app.test_client(use_cookies=False)
        barrier.wait(30)
        answer = caller.post(CREATE, json={"package_id": package_id}, headers=headers)
        return answer.status_code, answer.data, answer.headers.get("Idempotent-Replayed")

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(click, range(50)))

    assert {(status, body) for status, body, _ in answers} == {(200, answers[0][1])}
    assert sorted(replayed or "first" for _, _, replayed in answers) == ["first"] + ["true"] * 49
    with committed_app.app_context():
        assert count_transactions() == 1
        assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1
