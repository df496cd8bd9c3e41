"""Taking VNPay's server call: check in the gateway's order, store, answer; settlement follows on the payments queue."""

from collections.abc import Sequence
from enum import StrEnum

from app.payments import inbox, service, vnpay
from app.payments.inbox import Message
from app.payments.models import Outcome, Provider, Transaction, Verdict

CURRENCY_FIELD = "vnp_CurrCode"


class IpnCode(StrEnum):
    """VNPay's answer codes; it stops calling after 00 and 02."""

    RECORDED = "00"
    UNKNOWN_ORDER = "01"
    ALREADY_FINAL = "02"
    WRONG_AMOUNT = "04"
    BAD_SIGNATURE = "97"
    ERROR = "99"


MESSAGES = {
    IpnCode.RECORDED: "Confirm Success",
    IpnCode.UNKNOWN_ORDER: "Order not found",
    IpnCode.ALREADY_FINAL: "Order already confirmed",
    IpnCode.WRONG_AMOUNT: "Invalid amount",
    IpnCode.BAD_SIGNATURE: "Invalid signature",
    IpnCode.ERROR: "Unknown error",
}


def receive(arguments: Sequence[tuple[str, str]], address: str | None = None) -> IpnCode:
    """Check and store one call from `address`; the answer holds once the open transaction has committed.

    `arguments` are the query's pairs as they came; those without the gateway's prefix mean nothing. An authentic call about a known
    order with the right amount is always stored, also when the order is final: settlement then tells a repetition from a second payment.
    """
    fields = vnpay.only_vnp(dict(arguments))
    transaction = service.find_by_code(fields.get("vnp_TxnRef", ""))
    message = Message(Provider.VNPAY, {name: value for name, value in fields.items() if name != "vnp_SecureHash"}, address)
    known_id = transaction.id if transaction else None
    flaw = _flaw(arguments)
    if flaw or not vnpay.is_authentic(fields, service.merchant().secret):
        inbox.refuse(message, Verdict.BAD_SIGNATURE, flaw or "The signature is not that of the fields.", transaction_id=known_id)
        return IpnCode.BAD_SIGNATURE
    return _receive_authentic(message, vnpay.read_notice(fields), transaction, fields.get(CURRENCY_FIELD, ""))


def _flaw(arguments: Sequence[tuple[str, str]]) -> str | None:
    """Why no signature could be believed: a field that is there twice, or more than a gateway ever sends."""
    names = [name for name, _ in arguments if name.startswith(vnpay.PREFIX)]
    if len(names) != len(set(names)):
        return "A field is there twice."
    if len(names) > inbox.MOST_FIELDS or any(len(value) > inbox.LONGEST_FIELD for name, value in arguments if name.startswith(vnpay.PREFIX)):
        return "There is more than a gateway ever sends."
    return None


def _receive_authentic(message: Message, notice: vnpay.Notice, transaction: Transaction | None, currency: str) -> IpnCode:
    if transaction is None:
        inbox.refuse(message, Verdict.UNKNOWN_ORDER, "There is no order of this number.")
        return IpnCode.UNKNOWN_ORDER
    if notice.tmn_code not in {"", service.merchant().tmn_code}:
        inbox.refuse(message, Verdict.WRONG_MERCHANT, f"The call is for the merchant {notice.tmn_code}.", transaction_id=transaction.id)
        return IpnCode.UNKNOWN_ORDER
    if currency not in {"", transaction.currency}:
        inbox.refuse(message, Verdict.WRONG_CURRENCY, f"The order is in {transaction.currency}.", transaction_id=transaction.id)
        return IpnCode.WRONG_AMOUNT
    if notice.amount != transaction.amount * vnpay.HUNDREDTHS:
        reason = f"The order is {transaction.amount} {transaction.currency}, so the field must be {transaction.amount * vnpay.HUNDREDTHS}."
        inbox.refuse(message, Verdict.WRONG_AMOUNT, reason, transaction_id=transaction.id)
        return IpnCode.WRONG_AMOUNT
    event_id = f"{notice.order_code}:{notice.transaction_no}:{notice.response_code}:{notice.transaction_status}"
    outcome = Outcome.SUCCEEDED if notice.is_success else Outcome.FAILED
    inbox.accept(message, event_id, transaction_id=transaction.id, outcome=outcome, transaction_no=notice.transaction_no)
    return IpnCode.ALREADY_FINAL if transaction.is_final else IpnCode.RECORDED
