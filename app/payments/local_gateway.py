"""The development gateway: stands in for VNPay's payment page and speaks its protocol. Never registered with a real merchant account.

GET `/dev/gateway/pay?vnp_...` shows the order; POST to the same address with `outcome=pay|fail|leave` does what the buyer chose: the
gateway calls the IPN back, signed, over HTTP, repeats it as VNPay does when the answer is neither 00 nor 02, and sends the browser to
the return address.
"""

import hashlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from http.client import HTTPException
from urllib.parse import urlencode

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, make_response, redirect, render_template, request

from app.core.auth import public
from app.core.clock import now
from app.core.problems import BadRequest, Invalid
from app.extensions import limiter
from app.payments import service, vnpay
from app.payments.gateway_routes import RESULT_PAGE

log = structlog.get_logger()

blp = APIBlueprint("local_gateway", __name__, enable_openapi=False, template_folder="templates")
limiter.exempt(blp)

IPN_PATH = "/api/v1/payments/vnpay_ipn/"
IPN_TIMEOUT = 5.0
# VNPay waits 5 minutes between its calls; a developer does not.
PAUSES = (2.0, 5.0, 15.0)
HEARD = frozenset({"00", "02"})
EXPIRED_CODE = "11"

Call = Callable[[str], str]


class Choice(StrEnum):
    """What the buyer does; the values are of the form's `outcome`."""

    PAY = "pay"
    FAIL = "fail"
    LEAVE = "leave"


CODES = {Choice.PAY: (vnpay.OK, vnpay.OK), Choice.FAIL: ("24", "02")}


@blp.get("/dev/gateway/pay")
@public
def show_order() -> Response:
    """The payment page of a signed order."""
    fields = _order_fields()
    expires_at = vnpay.from_gateway_time(fields.get("vnp_ExpireDate", ""))
    return _page(
        "local_gateway/pay.html",
        amount=_vnd(fields),
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
    choice = _choice()
    if choice == Choice.LEAVE:
        shop = current_app.config["FRONTEND_URL"].rstrip("/")
        return make_response(redirect(f"{shop}{RESULT_PAGE}?{urlencode({'transaction_code': fields['vnp_TxnRef']})}", 303))
    result = outcome_fields(fields, choice, now())
    secret = service.merchant().secret
    notify(vnpay.signed_url(current_app.config["PUBLIC_URL"] + IPN_PATH, result, secret))
    return make_response(redirect(vnpay.signed_url(fields["vnp_ReturnUrl"], result, secret), 303))


@blp.get(RESULT_PAGE)
@public
def show_result() -> Response:
    """A result page for a board whose front end is not running: it follows the transaction until it is settled."""
    transaction = service.find_by_code(request.args.get("transaction_code", ""))
    status = str(transaction.status) if transaction else "INVALID"
    amount = f"{transaction.amount:,}".replace(",", ".") if transaction else None
    return _page("local_gateway/result.html", status=status, amount=amount, order=transaction.transaction_code if transaction else None)


def outcome_fields(order: vnpay.Fields, choice: Choice, at: datetime) -> vnpay.Fields:
    """The gateway's message about an order. The same order gets the same transaction number, so paying twice is one payment."""
    response_code, status = CODES[choice]
    if _is_expired(vnpay.from_gateway_time(order.get("vnp_ExpireDate", ""))):
        response_code, status = EXPIRED_CODE, "02"
    paid = response_code == vnpay.OK
    number = int(hashlib.sha256(order["vnp_TxnRef"].encode()).hexdigest(), 16) % 10**8
    return {
        "vnp_TmnCode": order["vnp_TmnCode"],
        "vnp_Amount": order["vnp_Amount"],
        "vnp_BankCode": "NCB",
        "vnp_BankTranNo": f"VNP{number:08d}" if paid else "",
        "vnp_CardType": "ATM",
        "vnp_OrderInfo": order.get("vnp_OrderInfo", ""),
        "vnp_PayDate": vnpay.to_gateway_time(at),
        "vnp_ResponseCode": response_code,
        "vnp_TransactionNo": f"{number:08d}" if paid else "0",
        "vnp_TransactionStatus": status,
        "vnp_TxnRef": order["vnp_TxnRef"],
    }


def notify(address: str) -> None:
    """Call the IPN once at once, so that a script finds it done; what is not heard is repeated in the background."""
    call: Call = current_app.extensions.get("local_gateway_call", call_ipn)
    if call(address) not in HEARD:
        threading.Thread(target=_repeat, args=(call, address), daemon=True, name="local-gateway").start()


def call_ipn(address: str) -> str:
    """The RspCode that the shop answers, or an empty text when it cannot be had."""
    try:
        with urllib.request.urlopen(address, timeout=IPN_TIMEOUT) as answer:  # noqa: S310  PUBLIC_URL is our own http(s) address.
            return str(json.load(answer).get("RspCode", ""))
    except (OSError, HTTPException, ValueError) as error:
        log.warning("local_gateway_ipn_failed", error=str(error))
        return ""


def _repeat(call: Call, address: str) -> None:
    for pause in PAUSES:
        time.sleep(pause)
        if call(address) in HEARD:
            return
    log.error("local_gateway_gave_up", repeats=len(PAUSES))


def _order_fields() -> vnpay.Fields:
    """The order in the address, checked as the bank would. Raises BadRequest."""
    fields = vnpay.only_vnp(request.args)
    merchant = service.merchant()
    if not vnpay.is_authentic(fields, merchant.secret):
        raise BadRequest("The gateway refuses this order: its signature is wrong.")
    missing = {"vnp_TxnRef", "vnp_Amount", "vnp_ReturnUrl", "vnp_TmnCode"} - fields.keys()
    if missing or not fields["vnp_Amount"].isdecimal() or fields["vnp_TmnCode"] != merchant.tmn_code:
        raise BadRequest("The gateway refuses this order: a field is missing or wrong.")
    return fields


def _choice() -> Choice:
    try:
        return Choice(request.form.get("outcome", ""))
    except ValueError as error:
        raise Invalid({"outcome": f"Choose one of: {', '.join(Choice)}."}) from error


def _is_expired(expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at < now()


def _vnd(fields: vnpay.Fields) -> str:
    return f"{int(fields['vnp_Amount']) // vnpay.HUNDREDTHS:,}".replace(",", ".")


def _page(template: str, **values: object) -> Response:
    answer = make_response(render_template(template, **values))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; form-action *; frame-ancestors 'none'"
    return answer
