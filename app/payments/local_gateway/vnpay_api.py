"""VNPay's merchant API, as the local gateway plays it: `querydr` and `refund`, answered from the gateway's own books.

POST `/dev/gateway/api`. An order that nobody has opened is not found (91); one that was opened and left is open (01). A refund is made
once per `vnp_RequestId`; the same again is answered 94. With `api=timeout` chosen on the payment page, the next call about the order
does its work and answers 504.
"""

import secrets
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, make_response, request

from app.core.auth import public
from app.core.clock import now
from app.core.problems import BadRequest
from app.extensions import limiter
from app.payments.local_gateway import store
from app.payments.local_gateway.wishes import Api
from app.payments.providers import vnpay_api as api
from app.payments.providers import vnpay_messages
from app.payments.providers.registry import vnpay_merchant

blp = APIBlueprint("local_vnpay_api", __name__, enable_openapi=False)
limiter.exempt(blp)

KIND = "vnpay"
PAID, OPEN = "00", "01"

Fields = dict[str, str]


@blp.post("/dev/gateway/api")
@public
def answer() -> Response:
    """One signed question or wish of the shop."""
    fields = _fields()
    command = fields.get("vnp_Command", "")
    if command not in api.REQUEST_FIELDS:
        return jsonify(_bare(fields, "03", "Unknown command"))
    if not api.is_authentic(fields, api.REQUEST_FIELDS[command], vnpay_merchant().secret):
        return jsonify(_bare(fields, "97", "Invalid signature"))
    with store.held(KIND, fields["vnp_TxnRef"]):
        return _answer(command, fields)


def _answer(command: str, fields: Fields) -> Response:
    order = store.load(KIND, fields["vnp_TxnRef"])
    if order is None or fields["vnp_TmnCode"] != vnpay_merchant().tmn_code:
        return jsonify(_bare(fields, "91", "Transaction not found"))
    said = _tell(fields, order) if command == api.QUERY else _give_back(fields, order)
    if order.pop("api", Api.ANSWERS) == Api.TIMEOUT:
        store.save(KIND, fields["vnp_TxnRef"], order)
        return make_response("The answer was lost, as wished.", 504)
    return jsonify(said)


def _fields() -> Fields:
    found: Any = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise BadRequest("The gateway takes JSON objects.")
    return {str(name): str(value) for name, value in found.items()}


def _tell(fields: Fields, order: dict[str, Any]) -> Fields:
    paid = {"vnp_TransactionNo": order["number"], "vnp_Amount": order["amount"], "vnp_PayDate": order["paid_at"]}
    return _signed(fields, {**paid, "vnp_TransactionType": "01", "vnp_TransactionStatus": order["status"]})


def _give_back(fields: Fields, order: dict[str, Any]) -> Fields:
    refunds: dict[str, int] = order["refunds"]
    amount = int(fields["vnp_Amount"]) if fields["vnp_Amount"].isdecimal() else 0
    if fields["vnp_RequestId"] in refunds:
        return _bare(fields, "94", "The refund was asked for before")
    if order["status"] != PAID or not 0 < amount <= int(order["amount"]) - sum(refunds.values()):
        return _bare(fields, "95", "There is not so much to refund")
    refunds[fields["vnp_RequestId"]] = amount
    store.save(KIND, fields["vnp_TxnRef"], order)
    made = {"vnp_TransactionNo": f"{int(order['number']) + len(refunds)}", "vnp_Amount": fields["vnp_Amount"]}
    kind = {"vnp_TransactionType": fields["vnp_TransactionType"], "vnp_TransactionStatus": PAID}
    return _signed(fields, {**made, **kind, "vnp_PayDate": vnpay_messages.to_gateway_time(now())})


def _bare(fields: Fields, code: str, message: str) -> Fields:
    """An error, which VNPay does not sign."""
    return {"vnp_ResponseId": secrets.token_hex(16), "vnp_Command": fields.get("vnp_Command", ""), "vnp_ResponseCode": code, "vnp_Message": message}


def _signed(fields: Fields, said: Fields) -> Fields:
    whole = {
        **_bare(fields, "00", "Success"),
        "vnp_TmnCode": fields["vnp_TmnCode"],
        "vnp_TxnRef": fields["vnp_TxnRef"],
        "vnp_BankCode": "NCB",
        "vnp_OrderInfo": fields["vnp_OrderInfo"],
        **said,
    }
    return {**whole, "vnp_SecureHash": api.sign(whole, api.ANSWER_FIELDS[fields["vnp_Command"]], vnpay_merchant().secret)}
