"""Taking VNPay's server call: check in the gateway's order, store, answer; settlement follows on the payments queue."""

import hashlib
from enum import StrEnum

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import now
from app.core.outbox import enqueue
from app.extensions import db
from app.payments import service, vnpay
from app.payments.models import GatewayEvent, Outcome, Provider, Transaction, Verdict

log = structlog.get_logger()

# Forged calls are kept for people to see, but they must not fill the table.
MOST_REFUSED = 20
LONGEST_FIELD = 500


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


def receive(fields: vnpay.Fields) -> IpnCode:
    """Check and store one call; the answer holds once the open transaction has committed.

    An authentic call about a known order with the right amount is always stored, also when the order is final: settlement then
    tells a repetition from a second payment.
    """
    merchant = service.merchant()
    notice = vnpay.read_notice(fields)
    transaction = service.find_by_code(notice.order_code)
    if not vnpay.is_authentic(fields, merchant.secret):
        return _refuse(fields, IpnCode.BAD_SIGNATURE, transaction)
    if transaction is None or notice.tmn_code not in {"", merchant.tmn_code}:
        return _refuse(fields, IpnCode.UNKNOWN_ORDER, None)
    if notice.amount != transaction.amount * vnpay.HUNDREDTHS:
        return _refuse(fields, IpnCode.WRONG_AMOUNT, transaction)
    _store(fields, notice, transaction)
    return IpnCode.ALREADY_FINAL if transaction.is_final else IpnCode.RECORDED


def _store(fields: vnpay.Fields, notice: vnpay.Notice, transaction: Transaction) -> None:
    event_id = _insert(
        f"{notice.order_code}:{notice.transaction_no}:{notice.response_code}:{notice.transaction_status}",
        fields,
        transaction_id=transaction.id,
        outcome=Outcome.SUCCEEDED if notice.is_success else Outcome.FAILED,
        gateway_transaction_no=notice.transaction_no,
    )
    if event_id is not None:
        enqueue("payments.settle", {"event_id": event_id})


def _refuse(fields: vnpay.Fields, code: IpnCode, transaction: Transaction | None) -> IpnCode:
    """Note a call that changes nothing, and why. A forged one is only kept beside a known order, and only so often."""
    log.warning("ipn_refused", code=code, order=fields.get("vnp_TxnRef", "")[:64])
    if code != IpnCode.BAD_SIGNATURE or (transaction is not None and _count_forged(transaction.id) < MOST_REFUSED):
        digest = hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()
        transaction_id = transaction.id if transaction else None
        _insert(f"{code}:{digest}", fields, transaction_id=transaction_id, verdict=Verdict[code.name], processed_at=now())
    return code


def _insert(event_id: str, fields: vnpay.Fields, **values: object) -> int | None:
    """The new event's row id, or None when the inbox holds it already."""
    raw = {name[:64]: value.replace("\x00", "\ufffd")[:LONGEST_FIELD] for name, value in fields.items() if name != "vnp_SecureHash"}
    statement = insert(GatewayEvent).values(provider=Provider.VNPAY, event_id=event_id, raw=raw, **values)
    return db.session.scalar(statement.on_conflict_do_nothing(index_elements=["provider", "event_id"]).returning(GatewayEvent.id))


def _count_forged(transaction_id: int) -> int:
    forged = (GatewayEvent.transaction_id == transaction_id) & (GatewayEvent.verdict == Verdict.BAD_SIGNATURE)
    return db.session.scalar(select(func.count()).select_from(GatewayEvent).where(forged)) or 0
