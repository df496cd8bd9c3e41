"""The gateway's server call: its answer codes in their order, what is stored, and what a forged call changes (nothing)."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.accounts.models import User
from app.core.outbox import Task
from app.extensions import db
from app.payments import inbox
from app.payments.models import GatewayEvent, Transaction, TransactionStatus, Verdict
from tests.payments.builders import FAILURE, buy, call_ipn, notice, pay, settle_all

SIGNED_FIELDS = (
    "vnp_TmnCode",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_BankTranNo",
    "vnp_CardType",
    "vnp_OrderInfo",
    "vnp_PayDate",
    "vnp_ResponseCode",
    "vnp_TransactionNo",
    "vnp_TransactionStatus",
    "vnp_TxnRef",
    "vnp_SecureHash",
)


def settlements() -> int:
    return db.session.scalar(select(func.count()).select_from(Task).where(Task.name == "payments.settle")) or 0


def assert_untouched(transaction: Transaction) -> None:
    assert transaction.status == TransactionStatus.PENDING
    assert transaction.gateway_transaction_no is None
    assert db.session.get(User, transaction.user_id).job_posting_credits == 0
    assert settlements() == 0


def test_a_payment_is_recorded_and_left_to_settlement(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    answer = client.get("/api/payments/vnpay_ipn", query_string=notice(transaction))

    assert answer.json == {"RspCode": "00", "Message": "Confirm Success"}
    assert transaction.status == TransactionStatus.PENDING
    event = db.session.scalars(select(GatewayEvent)).one()
    assert db.session.scalar(select(Task.args).where(Task.name == "payments.settle")) == {"event_id": event.id}


def test_a_repeated_call_is_stored_once_and_answered_02_when_settled(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    waiting = [call_ipn(client, notice(transaction)) for _ in range(3)]
    stored = settlements()
    pay(client, transaction)
    settled = call_ipn(client, notice(transaction))

    assert waiting == ["00", "00", "00"]
    assert stored == 1
    assert settled == "02"


def test_a_failed_payment_answers_00_again_and_again(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    transaction.status = TransactionStatus.FAILED
    db.session.commit()

    answers = [call_ipn(client, notice(transaction, **FAILURE)) for _ in range(2)]

    assert answers == ["00", "00"]


@pytest.mark.parametrize("field", SIGNED_FIELDS)
@pytest.mark.parametrize("mutation", ["changed", "emptied", "dropped"])
def test_a_call_altered_in_any_field_is_refused_and_changes_nothing(app: APIFlask, client: FlaskClient, field: str, mutation: str) -> None:
    transaction = buy()
    forged = notice(transaction)
    if mutation == "dropped":
        del forged[field]
    else:
        forged[field] = "" if mutation == "emptied" else forged[field][:-1] + ("1" if forged[field][-1] != "1" else "2")

    answer = call_ipn(client, forged)

    assert answer == "97"
    assert_untouched(transaction)
    event = db.session.scalars(select(GatewayEvent)).one()
    assert (event.verdict, event.reason) == (Verdict.BAD_SIGNATURE, "The signature is not that of the fields.")
    assert event.transaction_id == (None if field == "vnp_TxnRef" else transaction.id)


@pytest.mark.parametrize("hidden", ["vnp_TmnCode", "vnp_TransactionNo", "vnp_BankCode"])
def test_no_field_hides_in_the_name_of_another(app: APIFlask, client: FlaskClient, hidden: str) -> None:
    transaction = buy()
    fields = notice(transaction)
    names = sorted(fields)
    following = names[names.index(hidden) + 1]
    # The text that was signed stays the same, and the buyer, whose return address has the same signature, can send this.
    smuggled = {name: value for name, value in fields.items() if name not in {hidden, following}}
    smuggled[f"{hidden}={fields[hidden]}&{following}"] = fields[following]

    answer = call_ipn(client, smuggled)
    shown = client.get("/api/v1/payments/vnpay_return/", query_string=smuggled, headers={"Accept": "application/json"})

    assert (answer, shown.status_code) == ("97", 400)
    assert_untouched(transaction)
    assert call_ipn(client, fields) == "00"


def test_the_buyers_own_payment_address_is_no_word_of_the_gateway(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    # We sign it ourselves, with the secret and in the way of the gateway's calls, and the buyer has it.
    own = dict(parse_qsl(urlsplit(transaction.payment_url).query))

    answer = call_ipn(client, own)

    event = db.session.scalars(select(GatewayEvent)).one()
    assert (answer, event.verdict, event.reason) == ("97", Verdict.BAD_SIGNATURE, "It tells no result: we sign such fields ourselves.")
    assert_untouched(transaction)


@pytest.mark.parametrize(("response", "status"), [("00", "01"), ("00", "04"), ("07", "07"), ("07", "00"), ("00", None), (None, "00"), ("00", "99")])
def test_what_is_neither_paid_nor_failed_changes_nothing_and_is_shown_to_people(
    app: APIFlask, client: FlaskClient, response: str | None, status: str | None
) -> None:
    transaction = buy()

    answer = call_ipn(client, notice(transaction, vnp_ResponseCode=response, vnp_TransactionStatus=status))

    event = db.session.scalars(select(GatewayEvent)).one()
    assert (answer, event.verdict) == ("00", Verdict.UNDECIDED)
    assert event.reason == "The gateway says neither that it is paid nor that it failed."
    assert event.transaction_id == transaction.id
    assert_untouched(transaction)
    assert "UNDECIDED" in app.test_cli_runner().invoke(args=["payments", "flagged"]).output


def test_what_is_undecided_is_answered_02_once_the_order_is_paid(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)

    assert call_ipn(client, notice(transaction, vnp_ResponseCode="07", vnp_TransactionStatus="07")) == "02"
    assert transaction.status == TransactionStatus.SUCCESS


@pytest.mark.parametrize(("response", "status"), [("24", "02"), ("00", "02"), ("24", "00"), ("51", None)])
def test_a_failure_is_what_either_code_says_for_good(app: APIFlask, client: FlaskClient, response: str, status: str | None) -> None:
    transaction = buy()

    answer = call_ipn(client, notice(transaction, vnp_ResponseCode=response, vnp_TransactionStatus=status))
    settle_all()

    assert (answer, transaction.status) == ("00", TransactionStatus.FAILED)


def test_an_added_field_breaks_the_signature_and_foreign_parameters_do_not_matter(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    added = call_ipn(client, {**notice(transaction), "vnp_Extra": "1"})
    foreign = call_ipn(client, {**notice(transaction), "utm_source": "bank"})

    assert (added, foreign) == ("97", "00")


def test_the_checks_run_in_the_gateways_order(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)
    wrong = {"vnp_Amount": "1"}

    forged_everything = {**notice(transaction, vnp_TxnRef="NOBODY", **wrong), "vnp_SecureHash": "0" * 128}
    unknown_and_wrong = notice(transaction, vnp_TxnRef="NOBODY", **wrong)
    wrong_and_final = notice(transaction, **wrong)

    assert [call_ipn(client, fields) for fields in (forged_everything, unknown_and_wrong, wrong_and_final)] == ["97", "01", "04"]
    assert call_ipn(client, notice(transaction)) == "02"


@pytest.mark.parametrize("amount", ["149999999", "150000001", "1500000", "150000000.0", "-150000000", "", None, "9" * 30])
def test_a_wrong_amount_is_refused_although_signed(app: APIFlask, client: FlaskClient, amount: str | None) -> None:
    transaction = buy()

    answer = call_ipn(client, notice(transaction, vnp_Amount=amount))

    assert answer == "04"
    assert_untouched(transaction)
    event = db.session.scalars(select(GatewayEvent)).one()
    assert (event.verdict, event.outcome) == (Verdict.WRONG_AMOUNT, None)


def test_the_right_amount_after_a_wrong_one_is_recorded(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    answers = [call_ipn(client, notice(transaction, vnp_Amount=amount)) for amount in ("1", "150000000")]

    assert answers == ["04", "00"]


@pytest.mark.parametrize("changes", [{"vnp_TxnRef": "JB0"}, {"vnp_TxnRef": None}, {"vnp_TmnCode": "OTHERONE"}])
def test_an_order_that_is_not_ours_is_unknown(app: APIFlask, client: FlaskClient, changes: dict[str, str | None]) -> None:
    transaction = buy()

    answer = call_ipn(client, notice(transaction, **changes))

    assert answer == "01"
    assert_untouched(transaction)


def test_forged_calls_do_not_fill_the_inbox(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    for number in range(inbox.MOST_REFUSED + 5):
        call_ipn(client, {**notice(transaction), "vnp_BankCode": f"B{number}"})

    assert db.session.scalar(select(func.count()).select_from(GatewayEvent)) == inbox.MOST_REFUSED


def test_hostile_text_is_answered_and_stored_harmlessly(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    hostile = {**notice(transaction), "vnp_BankCode": "a\x00b" + "x" * 5000}

    answer = call_ipn(client, hostile)

    assert answer == "97"
    assert db.session.scalars(select(GatewayEvent)).one().raw["vnp_BankCode"] == ("a\ufffdb" + "x" * 5000)[: inbox.LONGEST_FIELD]


@pytest.mark.parametrize(
    ("changes", "answer", "verdict", "reason"),
    [
        ({"vnp_TxnRef": "NOBODY"}, "01", Verdict.UNKNOWN_ORDER, "There is no order of this number."),
        (
            {"vnp_TmnCode": "OTHERONE"},
            "01",
            Verdict.WRONG_MERCHANT,
            "The call is for another merchant, or for the gateway's other mode (test or live).",
        ),
        ({"vnp_CurrCode": "USD"}, "04", Verdict.WRONG_CURRENCY, "The order is in VND."),
        ({"vnp_Amount": "1"}, "04", Verdict.WRONG_AMOUNT, "The order is 1500000 VND."),
    ],
)
def test_what_is_signed_and_wrong_changes_nothing_and_says_why(
    app: APIFlask, client: FlaskClient, changes: dict[str, str | None], answer: str, verdict: Verdict, reason: str
) -> None:
    transaction = buy()

    code = call_ipn(client, notice(transaction, **changes))

    event = db.session.scalars(select(GatewayEvent)).one()
    assert (code, event.verdict, event.reason, event.outcome) == (answer, verdict, reason, None)
    assert event.processed_at is not None
    assert_untouched(transaction)


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ([("vnp_Amount", "1")], "A field is there twice."),
        ([("vnp_Note", "x" * 501)], "There is more than a gateway ever sends."),
        ([(f"vnp_{n}", "x") for n in range(60)], "There is more than a gateway ever sends."),
    ],
)
def test_what_no_gateway_sends_is_refused_before_its_signature(app: APIFlask, client: FlaskClient, extra: list[tuple[str, str]], reason: str) -> None:
    transaction = buy()
    sent = [*notice(transaction).items(), *extra]

    answer = client.get("/api/v1/payments/vnpay_ipn/", query_string=urlencode(sent))

    assert answer.json["RspCode"] == "97"
    event = db.session.scalars(select(GatewayEvent)).one()
    assert (event.verdict, event.reason) == (Verdict.BAD_SIGNATURE, reason)
    assert len(event.raw) <= inbox.MOST_FIELDS
    assert_untouched(transaction)


def test_an_event_keeps_where_it_came_from(app: APIFlask, client: FlaskClient) -> None:
    headers = {"X-Request-ID": "the-gateways-call"}

    client.get("/api/v1/payments/vnpay_ipn/", query_string=notice(buy()), headers=headers)

    event = db.session.scalars(select(GatewayEvent)).one()
    assert (str(event.address), event.request_id) == ("127.0.0.1", "the-gateways-call")


def test_stray_forgeries_do_not_fill_the_inbox(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST_STRAY_AN_HOUR", 3)

    for number in range(5):
        call_ipn(client, {"vnp_TxnRef": f"NOBODY{number}"})

    assert db.session.scalar(select(func.count()).select_from(GatewayEvent)) == 3


def test_an_order_number_with_nul_is_refused(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    assert call_ipn(client, {**notice(transaction), "vnp_TxnRef": "a\x00b"}) == "97"


def test_a_database_failure_answers_99(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = buy()

    def fail(*arguments: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the database is away"))

    monkeypatch.setattr("app.payments.vnpay_routes.receive", fail)

    assert call_ipn(client, notice(transaction)) == "99"


def test_the_gateway_is_exempt_from_rates(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    fields = notice(transaction)

    headers = client.get("/api/v1/payments/vnpay_ipn/", query_string=fields).headers

    assert "RateLimit-Limit" not in headers


def test_the_return_shows_the_state_and_never_settles(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    answer = client.get("/api/v1/payments/vnpay_return/", query_string=notice(transaction), headers={"Accept": "application/json"})

    assert answer.status_code == 200
    assert answer.json == {
        "transaction_code": transaction.transaction_code,
        "status": "PENDING",
        "amount": 1_500_000,
        "currency": "VND",
        "response_code": "00",
    }
    assert_untouched(transaction)
    assert db.session.scalar(select(func.count()).select_from(GatewayEvent)) == 0


def test_a_browser_that_returns_is_sent_to_the_front_end(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    address = "/api/v1/payments/vnpay_return/"

    right = client.get(address, query_string=notice(transaction), headers={"Accept": "text/html,*/*;q=0.8"})
    forged = client.get(address, query_string={**notice(transaction), "vnp_Amount": "1"}, headers={"Accept": "text/html"})
    for_a_script = client.get(address, query_string={}, headers={"Accept": "application/json"})

    place = f"http://127.0.0.1:8000/payment/result?transaction_code={transaction.transaction_code}&status=PENDING&amount=1500000&currency=VND"
    assert (right.status_code, right.location) == (302, f"{place}&response_code=00")
    assert (forged.status_code, forged.location) == (302, "http://127.0.0.1:8000/payment/result?status=INVALID")
    assert (for_a_script.status_code, for_a_script.json["code"]) == (400, "bad_signature")
