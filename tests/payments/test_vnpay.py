"""VNPay's signatures against answers computed by other tools (perl's percent encoding and `openssl dgst -sha512 -hmac`)."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.payments.providers import vnpay_messages

SECRET = "RAOEXHYVSDDIIENYWSLDIIZTANXUXZFJ"
FIELDS = {
    "vnp_TxnRef": "JB250309ABCDEF0123456789",
    "vnp_Amount": "150000000",
    "vnp_OrderInfo": "Thanh toán gói 1 & 2 (50%) a+b*c",
    "vnp_BankCode": "NCB",
    "vnp_PayDate": "20250309120501",
    "vnp_ResponseCode": "00",
    "vnp_TmnCode": "DEMOTMN1",
    "vnp_TransactionNo": "14422574",
    "vnp_TransactionStatus": "00",
}
CANONICAL = (
    "vnp_Amount=150000000&vnp_BankCode=NCB&vnp_OrderInfo=Thanh+to%C3%A1n+g%C3%B3i+1+%26+2+%2850%25%29+a%2Bb%2Ac&vnp_PayDate=20250309120501"
    "&vnp_ResponseCode=00&vnp_TmnCode=DEMOTMN1&vnp_TransactionNo=14422574&vnp_TransactionStatus=00&vnp_TxnRef=JB250309ABCDEF0123456789"
)
SIGNATURE = "e57cbcdd29500dfea4fd3debf9fd0b6d2c5ad4dd3bce59d4212561cb931a48e2e15e9ec0ed98849057004c718cb837452090a77fab2aa8dda508d0021969831d"


def test_the_known_answer() -> None:
    assert vnpay_messages.canonical(FIELDS) == CANONICAL
    assert vnpay_messages.sign(FIELDS, SECRET) == SIGNATURE


def test_empty_fields_and_the_signatures_own_are_left_out() -> None:
    more = {**FIELDS, "vnp_BankTranNo": "", "vnp_SecureHash": "x", "vnp_SecureHashType": "HmacSHA512"}

    assert vnpay_messages.sign(more, SECRET) == SIGNATURE


@pytest.mark.parametrize(
    ("signature", "secret", "authentic"),
    [
        (SIGNATURE, SECRET, True),
        (SIGNATURE.upper(), SECRET, True),
        (SIGNATURE[:-1], SECRET, False),
        (SIGNATURE, SECRET.lower(), False),
        ("", SECRET, False),
        ("é", SECRET, False),
    ],
)
def test_only_the_right_signature_is_authentic(signature: str, secret: str, authentic: bool) -> None:
    assert vnpay_messages.is_authentic({**FIELDS, "vnp_SecureHash": signature}, secret) is authentic


@given(name=st.sampled_from(sorted(FIELDS)), value=st.text())
def test_any_other_value_of_any_field_breaks_the_signature(name: str, value: str) -> None:
    changed = {**FIELDS, name: value, "vnp_SecureHash": SIGNATURE}

    assert vnpay_messages.is_authentic(changed, SECRET) is (value == FIELDS[name])


@given(st.dictionaries(st.from_regex(r"vnp_[A-Z][A-Za-z]{0,12}", fullmatch=True), st.text(max_size=40), max_size=8))
def test_what_is_signed_is_read_back_from_its_address_as_authentic(fields: dict[str, str]) -> None:
    url = vnpay_messages.signed_url("https://shop.example/ipn?lang=vi", fields, SECRET)

    read = vnpay_messages.only_vnp(dict(parse_qsl(urlsplit(url).query)))

    assert vnpay_messages.is_authentic(read, SECRET)
    signed = {name: value for name, value in fields.items() if value and name not in vnpay_messages.SIGNATURE_FIELDS}
    assert {name: value for name, value in read.items() if name not in vnpay_messages.SIGNATURE_FIELDS} == signed


def test_the_payment_address_carries_hundredths_and_vietnamese_time() -> None:
    merchant = vnpay_messages.Merchant("DEMOTMN1", SECRET, "https://pay.example/vpcpay.html", "https://shop.example/return")
    order = vnpay_messages.Order(
        "JB1", 1_500_000, "Thanh toan goi 1", "203.0.113.7", datetime(2025, 3, 9, 17, 30, tzinfo=UTC), datetime(2025, 3, 9, 18, 30, tzinfo=UTC)
    )

    url = vnpay_messages.payment_url(merchant, order)

    fields = dict(parse_qsl(urlsplit(url).query))
    assert url.startswith("https://pay.example/vpcpay.html?vnp_Amount=150000000&vnp_Command=pay&")
    assert vnpay_messages.is_authentic(fields, SECRET)
    assert {name: fields[name] for name in ("vnp_CreateDate", "vnp_ExpireDate", "vnp_CurrCode", "vnp_Version", "vnp_IpAddr", "vnp_ReturnUrl")} == {
        "vnp_CreateDate": "20250310003000",
        "vnp_ExpireDate": "20250310013000",
        "vnp_CurrCode": "VND",
        "vnp_Version": "2.1.0",
        "vnp_IpAddr": "203.0.113.7",
        "vnp_ReturnUrl": "https://shop.example/return",
    }


@pytest.mark.parametrize(
    ("text", "amount"),
    [("150000000", 150000000), ("0", 0), ("-1", None), ("1.5", None), ("1e3", None), ("", None), (" 1", None), ("٣", None), ("9" * 18, None)],
)
def test_an_amount_is_plain_digits(text: str, amount: int | None) -> None:
    assert vnpay_messages.read_notice({"vnp_Amount": text}).amount == amount


@pytest.mark.parametrize(
    ("response", "status", "success"), [("00", "00", True), ("00", "02", False), ("07", "00", False), ("00", "", False), ("", "", False)]
)
def test_success_needs_both_codes(response: str, status: str, success: bool) -> None:
    found = vnpay_messages.read_notice({"vnp_ResponseCode": response, "vnp_TransactionStatus": status})

    assert found.is_success is success


def test_gateway_times_are_read_in_gmt_7() -> None:
    assert vnpay_messages.from_gateway_time("20250310003000") == datetime(2025, 3, 9, 17, 30, tzinfo=UTC)
    assert vnpay_messages.from_gateway_time("20251310003000") is None
