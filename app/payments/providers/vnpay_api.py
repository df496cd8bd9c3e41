"""VNPay 2.1.0's merchant API (`querydr`, `refund`): JSON messages whose signature covers their values in a fixed order, joined by `|`.

Source: https://sandbox.vnpayment.vn/apis/docs/truy-van-hoan-tien/querydr&refund.html . The signature is the HMAC-SHA512, in hex, of
that text; a field that is absent counts as empty. Amounts are VND times 100, times are `yyyyMMddHHmmss` in GMT+7.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from app.payments.providers import vnpay_messages

VERSION = "2.1.0"
QUERY, REFUND = "querydr", "refund"
WHOLE, PART = "02", "03"

QUERY_FIELDS = (
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
)
REFUND_FIELDS = (
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
)
REFUND_ANSWER_FIELDS = (
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
)
QUERY_ANSWER_FIELDS = (*REFUND_ANSWER_FIELDS, "vnp_PromotionCode", "vnp_PromotionAmount")

REQUEST_FIELDS = {QUERY: QUERY_FIELDS, REFUND: REFUND_FIELDS}
ANSWER_FIELDS = {QUERY: QUERY_ANSWER_FIELDS, REFUND: REFUND_ANSWER_FIELDS}


def sign(fields: Mapping[str, str], order: tuple[str, ...], secret: str) -> str:
    """The signature of the values named by `order`, in lower-case hex."""
    text = "|".join(fields.get(name, "") for name in order)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def is_authentic(fields: Mapping[str, str], order: tuple[str, ...], secret: str) -> bool:
    """Whether `vnp_SecureHash` is the signature of the other fields. Takes the same time whichever digit is wrong."""
    offered = fields.get("vnp_SecureHash", "").lower()
    return hmac.compare_digest(offered.encode(), sign(fields, order, secret).encode())


def query_request(
    merchant: vnpay_messages.Merchant, *, request_id: str, code: str, ordered_at: datetime, at: datetime, address: str
) -> vnpay_messages.Fields:
    """The signed question what became of the order `code`, whose `vnp_CreateDate` was `ordered_at`. `request_id` is new every time."""
    fields = {
        "vnp_RequestId": request_id,
        "vnp_Version": VERSION,
        "vnp_Command": QUERY,
        "vnp_TmnCode": merchant.tmn_code,
        "vnp_TxnRef": code,
        "vnp_OrderInfo": f"Truy van {code}",
        "vnp_TransactionDate": vnpay_messages.to_gateway_time(ordered_at),
        "vnp_CreateDate": vnpay_messages.to_gateway_time(at),
        "vnp_IpAddr": address,
    }
    return {**fields, "vnp_SecureHash": sign(fields, QUERY_FIELDS, merchant.secret)}


def refund_request(
    merchant: vnpay_messages.Merchant,
    *,
    request_id: str,
    code: str,
    transaction_no: str,
    amount: int,
    is_whole: bool,
    ordered_at: datetime,
    at: datetime,
    actor: str,
    address: str,
) -> vnpay_messages.Fields:
    """The signed wish to give `amount` VND of the order back. The same `request_id` is the same refund, within a day."""
    fields = {
        "vnp_RequestId": request_id,
        "vnp_Version": VERSION,
        "vnp_Command": REFUND,
        "vnp_TmnCode": merchant.tmn_code,
        "vnp_TransactionType": WHOLE if is_whole else PART,
        "vnp_TxnRef": code,
        "vnp_Amount": str(amount * vnpay_messages.HUNDREDTHS),
        "vnp_OrderInfo": f"Hoan tien {code}",
        "vnp_TransactionNo": transaction_no,
        "vnp_TransactionDate": vnpay_messages.to_gateway_time(ordered_at),
        "vnp_CreateBy": actor,
        "vnp_CreateDate": vnpay_messages.to_gateway_time(at),
        "vnp_IpAddr": address,
    }
    return {**fields, "vnp_SecureHash": sign(fields, REFUND_FIELDS, merchant.secret)}
