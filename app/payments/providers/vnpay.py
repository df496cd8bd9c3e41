"""VNPay as a `Gateway`: payment addresses are signed here, orders are asked for and refunded through its merchant API."""

import hashlib
import json
import re
import secrets
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

from app.core.clock import now
from app.core.text import storable
from app.payments.models import Outcome, Provider
from app.payments.providers import vnpay_api as api
from app.payments.providers import vnpay_messages
from app.payments.providers.base import (
    BadNotice,
    Checkout,
    Finding,
    GatewaySilent,
    IncomingCall,
    Notice,
    Order,
    Payment,
    PaymentState,
    RefundAnswer,
    RefundOrder,
    RefundState,
)

TIMEOUT = 10.0
# What a call may take to arrive.
MARGIN = timedelta(minutes=1)
LONGEST_ANSWER = 64 * 1024
# The manual asks for the address of the calling server; it is signed, not judged.
OWN_ADDRESS = "127.0.0.1"

NOT_FOUND = "91"
ALREADY_SENT = "94"
# Wrong merchant, malformed, nothing to refund, not paid, wrong signature: nothing has happened at the gateway.
REFUSALS = frozenset({"02", "03", "91", "95", "97"})
STATES = {"00": PaymentState.PAID, "01": PaymentState.OPEN, "02": PaymentState.FAILED}
# The bank has the money and the payment is under suspicion.
SUSPECTED = "07"
REFUND_STATES = {"00": RefundState.DONE, "09": RefundState.REFUSED}

_DIGITS = re.compile(r"[0-9]{1,17}", re.ASCII)

Post = Callable[[str, bytes], bytes]


def post(address: str, body: bytes) -> bytes:
    """The answer to a JSON message. Raises GatewaySilent."""
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310  Our own setting.
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return bytes(answer.read(LONGEST_ANSWER))
    except (OSError, HTTPException) as error:
        raise GatewaySilent(f"VNPay does not answer: {error}") from error


@dataclass(frozen=True)
class VnpayGateway:
    """Our account with VNPay; `api_url` is its merchant API, `send` posts to it."""

    merchant: vnpay_messages.Merchant
    api_url: str
    send: Post = post
    provider: Provider = Provider.VNPAY
    calls_out: bool = False

    def create(self, order: Order) -> Checkout:
        """A signed address; the gateway learns of the order when the buyer opens it."""
        asked = vnpay_messages.Order(order.code, order.amount, order.info, order.address, order.created_at, order.expires_at)
        return Checkout(vnpay_messages.payment_url(self.merchant, asked))

    def verify(self, call: IncomingCall) -> Notice:
        """Read the arguments of an IPN. The amount is None unless it is a whole number of VND."""
        fields = vnpay_messages.only_vnp(call.arguments)
        if not vnpay_messages.is_authentic(fields, self.merchant.secret):
            raise BadNotice("The signature is not that of the fields.")
        read = vnpay_messages.read_notice(fields)
        if not (read.response_code or read.transaction_status):
            # The addresses at which buyers pay carry the same kind of signature, and it is ours.
            raise BadNotice("It tells no result: we sign such fields ourselves.")
        return Notice(
            event_id=f"{read.order_code}:{read.transaction_no}:{read.response_code}:{read.transaction_status}",
            order_code=read.order_code,
            outcome=_outcome(read),
            payment_no=read.transaction_no,
            amount=_whole(fields.get("vnp_Amount", "")),
            # The manual has no such field in a notice; one that is there must not contradict.
            currency=fields.get("vnp_CurrCode", "") or "VND",
            is_ours=read.tmn_code in {"", self.merchant.tmn_code},
            raw=dict(fields),
        )

    def query(self, payment: Payment) -> Finding:
        """`querydr` by our code and the time of the order."""
        request = api.query_request(
            self.merchant, request_id=secrets.token_hex(16), code=payment.code, ordered_at=payment.created_at, at=now(), address=OWN_ADDRESS
        )
        answer = self._ask(request)
        code = answer.get("vnp_ResponseCode", "")
        if code == NOT_FOUND:
            return Finding(PaymentState.UNKNOWN, raw=dict(answer))
        if code != vnpay_messages.OK:
            raise GatewaySilent(f"VNPay answers {code or 'nothing'}: {answer.get('vnp_Message', '')}")
        self._expect_authentic(answer)
        if answer.get("vnp_TxnRef") != payment.code:
            raise GatewaySilent("VNPay answers about another order.")
        status = answer.get("vnp_TransactionStatus", "")
        return Finding(
            state=STATES.get(status, PaymentState.UNKNOWN),
            payment_no=answer.get("vnp_TransactionNo", ""),
            amount=_whole(answer.get("vnp_Amount", "")),
            currency="VND",
            raw=dict(answer),
            # Reversed at the bank (04) or suspected (07): whether there is money is for people to find out.
            needs_people=status not in STATES,
        )

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """Byte for byte the same request each time, so that VNPay knows a repetition (it answers 94)."""
        request = api.refund_request(
            self.merchant,
            request_id=hashlib.sha256(f"{order.payment.code}:{order.id}".encode()).hexdigest()[:32],
            code=order.payment.code,
            transaction_no=order.payment.payment_no or "0",
            amount=order.amount,
            is_whole=order.is_whole,
            ordered_at=order.payment.created_at,
            at=order.created_at,
            actor=order.actor,
            address=OWN_ADDRESS,
        )
        answer = self._ask(request)
        code, message = answer.get("vnp_ResponseCode", ""), answer.get("vnp_Message", "")
        if code == ALREADY_SENT:
            return RefundAnswer(RefundState.ACCEPTED)
        if code in REFUSALS:
            # Of a repetition it says only that this one was not made: the first may be why there is nothing left to refund.
            return RefundAnswer(RefundState.UNKNOWN if order.is_repeated else RefundState.REFUSED, reason=f"{code}: {message}")
        if code != vnpay_messages.OK:
            raise GatewaySilent(f"VNPay answers {code or 'nothing'}: {message}")
        self._expect_authentic(answer)
        state = REFUND_STATES.get(answer.get("vnp_TransactionStatus", ""), RefundState.ACCEPTED)
        reason = f"{answer['vnp_TransactionStatus']}: {message}" if state == RefundState.REFUSED else ""
        return RefundAnswer(state, answer.get("vnp_TransactionNo", ""), reason)

    def may_repeat(self, first_called_at: datetime, at: datetime) -> bool:
        """A request id is unique for a day of GMT+7; on the next one it could be taken for a new refund."""
        return first_called_at.astimezone(vnpay_messages.GMT7).date() == (at + MARGIN).astimezone(vnpay_messages.GMT7).date()

    def _ask(self, request: vnpay_messages.Fields) -> vnpay_messages.Fields:
        """The answer's fields. One that is signed must be signed rightly; refusals often are not signed at all. Raises GatewaySilent."""
        answer = _read(self.send(self.api_url, json.dumps(request).encode()))
        if answer.get("vnp_SecureHash"):
            self._expect_authentic({"vnp_Command": request["vnp_Command"], **answer})
        return answer

    def _expect_authentic(self, answer: vnpay_messages.Fields) -> None:
        order = api.ANSWER_FIELDS.get(answer.get("vnp_Command", ""))
        if order is None or not api.is_authentic(answer, order, self.merchant.secret):
            raise GatewaySilent("VNPay's answer is not signed rightly.")


def _read(body: bytes) -> vnpay_messages.Fields:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GatewaySilent("VNPay's answer is no JSON.") from error
    if not isinstance(found, dict):
        raise GatewaySilent("VNPay's answer is no object.")
    return {storable(str(name)): "" if value is None else storable(str(value)) for name, value in found.items()}


def _outcome(said: vnpay_messages.Notice) -> Outcome | None:
    """None for what is neither paid nor failed: still open, reversed, suspected, or codes that say nothing together."""
    if said.is_success:
        return Outcome.SUCCEEDED
    if STATES.get(said.transaction_status) == PaymentState.FAILED:
        return Outcome.FAILED
    has_error = said.response_code not in {"", vnpay_messages.OK, SUSPECTED}
    return Outcome.FAILED if has_error and said.transaction_status in {"", vnpay_messages.OK} else None


def _whole(hundredths: str) -> int | None:
    """Hundredths of a VND as VND; None when it is no number or has a fraction."""
    if not _DIGITS.fullmatch(hundredths) or int(hundredths) % vnpay_messages.HUNDREDTHS:
        return None
    return int(hundredths) // vnpay_messages.HUNDREDTHS
