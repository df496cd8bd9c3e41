"""Taking Stripe's webhook calls: check, store, answer; settlement and refunds follow on the payments queue.

Events come repeatedly, late and in any order (https://docs.stripe.com/webhooks): each is stored once under its id, and what it does is
decided by the state of its transaction, not by when it comes.
"""

import hashlib
from enum import StrEnum

from app.core.outbox import enqueue
from app.payments import inbox, notices
from app.payments.inbox import Message
from app.payments.models import Provider, Verdict
from app.payments.providers.base import BadNotice, IncomingCall, Notice
from app.payments.providers.registry import gateway_of

# Far above any event about a checkout session or a refund.
LONGEST_BODY = 256 * 1024


class Reception(StrEnum):
    """What became of a call. A call that was TAKEN need not come again, even if nothing follows from it."""

    TAKEN = "TAKEN"
    FORGED = "FORGED"
    OVERSIZED = "OVERSIZED"


def receive(call: IncomingCall, address: str | None) -> Reception:
    """Check and store one call; the answer holds once the open transaction has committed."""
    unproven = Message(Provider.STRIPE, _fingerprint(call), address)
    if call.size > LONGEST_BODY:
        inbox.refuse(unproven, Verdict.OVERSIZED, f"The body has {call.size} bytes.")
        return Reception.OVERSIZED
    gateway = gateway_of(Provider.STRIPE)
    try:
        notice = gateway.verify(call)
    except BadNotice as error:
        inbox.refuse(unproven, Verdict.STALE if error.is_stale else Verdict.BAD_SIGNATURE, error.reason)
        return Reception.FORGED
    _take(notice, Message(Provider.STRIPE, notice.raw, address, call.body.decode()))
    return Reception.TAKEN


def _take(notice: Notice, message: Message) -> None:
    if not notice.is_ours:
        inbox.refuse(message, Verdict.WRONG_MERCHANT, "The event is of Stripe's other mode (test or live).")
    elif notice.refund is not None:
        _take_refund(notice, message)
    elif notice.outcome is None:
        inbox.keep(message, notice.event_id, transaction_id=None, reason="Nothing follows from this event.")
    else:
        notices.take(notice, message)


def _take_refund(notice: Notice, message: Message) -> None:
    event_id = inbox.keep(message, notice.event_id, transaction_id=None, reason="About a refund.")
    if event_id is not None:
        enqueue("payments.refund_news", {"event_id": event_id})


def _fingerprint(call: IncomingCall) -> dict[str, str]:
    """What is kept of a call that nobody has proven."""
    return {"sha256": hashlib.sha256(call.body).hexdigest(), "bytes": str(call.size), "signature": call.signature}
