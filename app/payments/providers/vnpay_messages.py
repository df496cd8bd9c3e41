"""VNPay 2.1.0: signing, checking and writing its messages. Pure functions; fields are `vnp_` names with their text values.

Source: https://sandbox.vnpayment.vn/apis/docs/thanh-toan-pay/pay.html . A signature is the HMAC-SHA512, in hex, of the fields sorted
by name, `name=quote_plus(value)` joined with `&`, without the signature's own fields and without empty ones. Amounts are VND times
100, times are `yyyyMMddHHmmss` in GMT+7.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import quote_plus

PREFIX = "vnp_"
SIGNATURE_FIELDS = frozenset({"vnp_SecureHash", "vnp_SecureHashType"})
HUNDREDTHS = 100
OK = "00"
GMT7 = timezone(timedelta(hours=7))

_DIGITS = re.compile(r"[0-9]{1,17}", re.ASCII)
# Names are signed as they are: one that holds `=` or `&` would read like other fields, and so hide them behind their own signature.
_NAME = re.compile(r"vnp_[A-Za-z0-9_]+", re.ASCII)

Fields = dict[str, str]


@dataclass(frozen=True)
class Merchant:
    """Our account with the gateway: terminal code, secret, its payment page, and where it sends the buyer back to."""

    tmn_code: str
    secret: str
    pay_url: str
    return_url: str


@dataclass(frozen=True)
class Order:
    """What the buyer is asked to pay: `amount` in VND, aware times, the buyer's address."""

    code: str
    amount: int
    info: str
    address: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Notice:
    """What an IPN or a return says. `amount` is as sent, in hundredths of a VND; None when it is no number."""

    tmn_code: str
    order_code: str
    amount: int | None
    transaction_no: str
    response_code: str
    transaction_status: str

    @property
    def is_success(self) -> bool:
        """Both codes must say so."""
        return self.response_code == OK and self.transaction_status == OK


def only_vnp(arguments: Mapping[str, str]) -> Fields:
    """The gateway's fields among the arguments of a request."""
    return {name: value for name, value in arguments.items() if name.startswith(PREFIX)}


def canonical(fields: Mapping[str, str]) -> str:
    """The text that is signed; it is also the query string without its signature."""
    signed = sorted((name, value) for name, value in fields.items() if name not in SIGNATURE_FIELDS and value != "")
    return "&".join(f"{name}={quote_plus(value)}" for name, value in signed)


def sign(fields: Mapping[str, str], secret: str) -> str:
    """The signature of `fields` in lower-case hex."""
    return hmac.new(secret.encode(), canonical(fields).encode(), hashlib.sha512).hexdigest()


def is_authentic(fields: Mapping[str, str], secret: str) -> bool:
    """Whether `vnp_SecureHash` is the signature of the other fields, all of them plainly named. Takes the same time whichever digit is wrong."""
    if not all(map(_NAME.fullmatch, fields)):
        return False
    offered = fields.get("vnp_SecureHash", "").lower()
    return hmac.compare_digest(offered.encode(), sign(fields, secret).encode())


def signed_url(address: str, fields: Mapping[str, str], secret: str) -> str:
    """`address` with the fields and their signature as its query string."""
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{canonical(fields)}&vnp_SecureHash={sign(fields, secret)}"


def payment_url(merchant: Merchant, order: Order) -> str:
    """Where the buyer pays `order`."""
    fields = {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": merchant.tmn_code,
        "vnp_Amount": str(order.amount * HUNDREDTHS),
        "vnp_CurrCode": "VND",
        "vnp_TxnRef": order.code,
        "vnp_OrderInfo": order.info,
        "vnp_OrderType": "other",
        "vnp_Locale": "vn",
        "vnp_ReturnUrl": merchant.return_url,
        "vnp_IpAddr": order.address,
        "vnp_CreateDate": to_gateway_time(order.created_at),
        "vnp_ExpireDate": to_gateway_time(order.expires_at),
    }
    return signed_url(merchant.pay_url, fields, merchant.secret)


def read_notice(fields: Mapping[str, str]) -> Notice:
    """What the gateway says, from fields whose signature has been checked."""
    amount = fields.get("vnp_Amount", "")
    return Notice(
        tmn_code=fields.get("vnp_TmnCode", ""),
        order_code=fields.get("vnp_TxnRef", ""),
        amount=int(amount) if _DIGITS.fullmatch(amount) else None,
        transaction_no=fields.get("vnp_TransactionNo", ""),
        response_code=fields.get("vnp_ResponseCode", ""),
        transaction_status=fields.get("vnp_TransactionStatus", ""),
    )


def to_gateway_time(moment: datetime) -> str:
    """An aware time as `yyyyMMddHHmmss` in GMT+7."""
    return moment.astimezone(GMT7).strftime("%Y%m%d%H%M%S")


def from_gateway_time(text: str) -> datetime | None:
    """The aware time of `yyyyMMddHHmmss` in GMT+7, or None for anything else."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=GMT7)
    except ValueError:
        return None
