"""Taking VNPay's server call: check in the gateway's order, store, answer; settlement follows on the payments queue."""

from collections.abc import Sequence
from enum import StrEnum

from app.payments import inbox, notices, service
from app.payments.inbox import Message
from app.payments.models import Provider, Verdict
from app.payments.providers import vnpay_messages
from app.payments.providers.base import BadNotice, IncomingCall, Notice
from app.payments.providers.registry import gateway_of


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
REFUSALS = {
    Verdict.UNKNOWN_ORDER: IpnCode.UNKNOWN_ORDER,
    Verdict.WRONG_MERCHANT: IpnCode.UNKNOWN_ORDER,
    Verdict.WRONG_CURRENCY: IpnCode.WRONG_AMOUNT,
    Verdict.WRONG_AMOUNT: IpnCode.WRONG_AMOUNT,
}


def receive(arguments: Sequence[tuple[str, str]], address: str | None = None) -> IpnCode:
    """Check and store one call from `address`; the answer holds once the open transaction has committed.

    `arguments` are the query's pairs as they came; those without the gateway's prefix mean nothing. An authentic call about a known
    order with the right amount is always stored, also when the order is final: settlement then tells a repetition from a second payment.
    """
    fields = vnpay_messages.only_vnp(dict(arguments))
    message = Message(Provider.VNPAY, {name: value for name, value in fields.items() if name != "vnp_SecureHash"}, address)
    try:
        notice = _read(arguments, fields)
    except BadNotice as error:
        named = service.find_by_code(fields.get("vnp_TxnRef", ""))
        inbox.refuse(message, Verdict.BAD_SIGNATURE, error.reason, transaction_id=named.id if named else None)
        return IpnCode.BAD_SIGNATURE
    taken = notices.take(notice, message)
    if taken.refused in REFUSALS:
        return REFUSALS[taken.refused]
    return IpnCode.ALREADY_FINAL if taken.transaction is not None and taken.transaction.is_final else IpnCode.RECORDED


def _read(arguments: Sequence[tuple[str, str]], fields: vnpay_messages.Fields) -> Notice:
    """The notice, when its signature can be believed. Raises BadNotice."""
    flaw = _flaw(arguments)
    if flaw is not None:
        raise BadNotice(flaw)
    return gateway_of(Provider.VNPAY).verify(IncomingCall(arguments=fields))


def _flaw(arguments: Sequence[tuple[str, str]]) -> str | None:
    """Why no signature could be believed: a field that is there twice, or more than a gateway ever sends."""
    names = [name for name, _ in arguments if name.startswith(vnpay_messages.PREFIX)]
    if len(names) != len(set(names)):
        return "A field is there twice."
    if len(names) > inbox.MOST_FIELDS or any(len(value) > inbox.LONGEST_FIELD for name, value in arguments if name.startswith(vnpay_messages.PREFIX)):
        return "There is more than a gateway ever sends."
    return None
