"""VNPay's payment page, as the local gateway plays it.

GET `/dev/gateway/pay?vnp_...` shows the order; POST to the same address does what the form says (see `wishes`). The gateway calls the IPN
back, signed, over HTTP, repeats it as VNPay does when the answer is neither 00 nor 02, and sends the browser to the return address.
"""

import hashlib
import json
import urllib.request
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, make_response, redirect, request

from app.core.auth import public
from app.core.clock import now
from app.core.problems import BadRequest
from app.extensions import limiter
from app.payments.local_gateway import store
from app.payments.local_gateway.pages import show_page
from app.payments.local_gateway.vnpay_api import KIND, OPEN
from app.payments.local_gateway.wishes import Choice, Wish, deliver, read_wish
from app.payments.providers import vnpay_messages
from app.payments.providers.registry import RESULT_PAGE, vnpay_merchant

log = structlog.get_logger()

blp = APIBlueprint("local_vnpay_page", __name__, enable_openapi=False)
limiter.exempt(blp)

IPN_PATH = "/api/v1/payments/vnpay_ipn/"
IPN_TIMEOUT = 5.0
HEARD = frozenset({"00", "02"})
EXPIRED_CODE = "11"

Call = Callable[[str], str]

# The response code and the transaction status that VNPay gives each outcome.
CODES = {Choice.PAY: (vnpay_messages.OK, vnpay_messages.OK), Choice.TIMEOUT: (vnpay_messages.OK, vnpay_messages.OK), Choice.FAIL: ("24", "02")}


@blp.get("/dev/gateway/pay")
@public
def show_order() -> Response:
    """The payment page of a signed order."""
    fields = _order_fields()
    _open_account(fields)
    expires_at = vnpay_messages.from_gateway_time(fields.get("vnp_ExpireDate", ""))
    return show_page(
        "pay",
        amount=int(fields["vnp_Amount"]) // vnpay_messages.HUNDREDTHS,
        currency="VND",
        order=fields["vnp_TxnRef"],
        info=fields.get("vnp_OrderInfo", ""),
        merchant=fields["vnp_TmnCode"],
        expires_at=expires_at,
        is_expired=_is_expired(expires_at),
    )


@blp.post("/dev/gateway/pay")
@public
def choose() -> Response:
    """Do what the buyer chose, then send the browser back to the shop."""
    fields = _order_fields()
    wish = read_wish()
    _open_account(fields)
    if wish.outcome == Choice.LEAVE:
        shop = current_app.config["FRONTEND_URL"].rstrip("/")
        return make_response(redirect(f"{shop}{RESULT_PAGE}?{urlencode({'transaction_code': fields['vnp_TxnRef']})}", 303))
    result = outcome_fields(fields, wish.outcome, now())
    _settle_account(result, wish)
    secret = vnpay_merchant().secret
    notify(vnpay_messages.signed_url(current_app.config["PUBLIC_URL"] + IPN_PATH, result, secret), wish)
    if wish.outcome == Choice.TIMEOUT:
        return make_response("The bank does not answer, as wished. The money is taken.", 504)
    return make_response(redirect(vnpay_messages.signed_url(fields["vnp_ReturnUrl"], result, secret), 303))


def outcome_fields(order: vnpay_messages.Fields, choice: Choice, at: datetime) -> vnpay_messages.Fields:
    """The gateway's message about an order. The same order gets the same transaction number, so paying twice is one payment."""
    response_code, status = CODES[choice]
    if _is_expired(vnpay_messages.from_gateway_time(order.get("vnp_ExpireDate", ""))):
        response_code, status = EXPIRED_CODE, "02"
    paid = response_code == vnpay_messages.OK
    number = int(hashlib.sha256(order["vnp_TxnRef"].encode()).hexdigest(), 16) % 10**8
    return {
        "vnp_TmnCode": order["vnp_TmnCode"],
        "vnp_Amount": order["vnp_Amount"],
        "vnp_BankCode": "NCB",
        "vnp_BankTranNo": f"VNP{number:08d}" if paid else "",
        "vnp_CardType": "ATM",
        "vnp_OrderInfo": order.get("vnp_OrderInfo", ""),
        "vnp_PayDate": vnpay_messages.to_gateway_time(at),
        "vnp_ResponseCode": response_code,
        "vnp_TransactionNo": f"{number:08d}" if paid else "0",
        "vnp_TransactionStatus": status,
        "vnp_TxnRef": order["vnp_TxnRef"],
    }


def notify(address: str, wish: Wish) -> None:
    """Call the IPN as wished."""
    call: Call = current_app.extensions.get("local_gateway_call", call_ipn)
    deliver(lambda: call(address) in HEARD, wish)


def call_ipn(address: str) -> str:
    """The RspCode that the shop answers, or an empty text when it cannot be had."""
    try:
        with urllib.request.urlopen(address, timeout=IPN_TIMEOUT) as answer:  # noqa: S310  PUBLIC_URL is our own http(s) address.
            return str(json.load(answer).get("RspCode", ""))
    except (OSError, HTTPException, ValueError) as error:
        log.warning("local_gateway_ipn_failed", error=str(error))
        return ""


def _open_account(order: vnpay_messages.Fields) -> None:
    """The gateway knows an order from when its page is opened."""
    with store.held(KIND, order["vnp_TxnRef"]):
        if store.load(KIND, order["vnp_TxnRef"]) is None:
            store.save(KIND, order["vnp_TxnRef"], _new_account(order))


def _new_account(order: vnpay_messages.Fields) -> dict[str, Any]:
    return {"status": OPEN, "amount": order["vnp_Amount"], "number": "0", "paid_at": "", "refunds": {}}


def _settle_account(result: vnpay_messages.Fields, wish: Wish) -> None:
    """Book the outcome; a payment stays one, whatever is chosen afterwards."""
    with store.held(KIND, result["vnp_TxnRef"]):
        account = store.load(KIND, result["vnp_TxnRef"]) or _new_account(result)
        if account["status"] != vnpay_messages.OK:
            account |= {"status": result["vnp_TransactionStatus"], "number": result["vnp_TransactionNo"], "paid_at": result["vnp_PayDate"]}
        store.save(KIND, result["vnp_TxnRef"], {**account, "api": wish.api})


def _order_fields() -> vnpay_messages.Fields:
    """The order in the address, checked as the bank would. Raises BadRequest."""
    fields = vnpay_messages.only_vnp(request.args)
    merchant = vnpay_merchant()
    if not vnpay_messages.is_authentic(fields, merchant.secret):
        raise BadRequest("The gateway refuses this order: its signature is wrong.")
    missing = {"vnp_TxnRef", "vnp_Amount", "vnp_ReturnUrl", "vnp_TmnCode"} - fields.keys()
    if missing or not fields["vnp_Amount"].isdecimal() or fields["vnp_TmnCode"] != merchant.tmn_code:
        raise BadRequest("The gateway refuses this order: a field is missing or wrong.")
    return fields


def _is_expired(expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at < now()
