"""Reading Stripe's webhook events. Source: https://docs.stripe.com/api/events/types and https://docs.stripe.com/webhooks/signature ."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from app.core.text import storable
from app.payments.models import Outcome
from app.payments.providers.base import BadNotice, Notice, RefundNews, RefundState

# Older messages may be somebody's recording of them.
TOLERANCE = 300
# What a column of ours can hold.
LARGEST_AMOUNT = 2**63 - 1

OUTCOMES = {
    "checkout.session.async_payment_succeeded": Outcome.SUCCEEDED,
    "checkout.session.async_payment_failed": Outcome.FAILED,
    "checkout.session.expired": Outcome.EXPIRED,
}
COMPLETED = "checkout.session.completed"
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
_EVENT_ID = re.compile(r"[!-~]{1,255}", re.ASCII)
REFUND_STATES = {"succeeded": RefundState.DONE, "failed": RefundState.REFUSED, "canceled": RefundState.REFUSED}


def check_signature(body: bytes, header: str, secrets: Sequence[str]) -> None:
    """One of the secrets must have signed the bytes, not long ago. Raises BadNotice."""
    for secret in secrets:
        if _is_signed(body, header, secret, None):
            if not _is_signed(body, header, secret, TOLERANCE):
                raise BadNotice(f"It was signed more than {TOLERANCE} seconds ago.", is_stale=True)
            return
    raise BadNotice("The signature is wrong.")


def _is_signed(body: bytes, header: str, secret: str, tolerance: int | None) -> bool:
    if not header.isascii():
        return False
    try:
        WebhookSignature.verify_header(body, header, secret, tolerance)
    except (SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def read_event(body: bytes, *, is_live: bool) -> Notice:
    """What an event says whose signature has been checked. Raises BadNotice when it is no event."""
    try:
        event: Any = json.loads(body)
        thing = event["data"]["object"]
        event_id, kind, live = event["id"], event["type"], event["livemode"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadNotice("It is signed, but no event.") from error
    if not (isinstance(thing, dict) and isinstance(kind, str) and isinstance(event_id, str) and _EVENT_ID.fullmatch(event_id)):
        raise BadNotice("It is signed, but no event.")
    return Notice(
        event_id=event_id,
        order_code=_text(thing, "client_reference_id") or _text(_part(thing, "metadata"), "transaction_code"),
        outcome=_outcome(kind, thing),
        payment_no=_text(thing, "payment_intent"),
        amount=_amount(thing, "amount_total"),
        currency=_text(thing, "currency").upper(),
        is_ours=live is is_live,
        raw={"id": event_id, "type": kind, "object": _text(thing, "id"), "status": _text(thing, "status")},
        refund=read_refund(thing) if kind in REFUND_EVENTS else None,
    )


def _outcome(kind: str, session: Mapping[str, Any]) -> Outcome | None:
    """A completed session may still wait for a slow kind of payment; then another event tells its end."""
    if kind == COMPLETED:
        return Outcome.SUCCEEDED if session.get("payment_status") == "paid" else None
    return OUTCOMES.get(kind)


def read_refund_event(body: str) -> RefundNews:
    """The refund of a stored event that `read_event` has read before."""
    return read_refund(json.loads(body)["data"]["object"])


def read_refund(refund: Mapping[str, Any]) -> RefundNews:
    """What a refund object says. Source: https://docs.stripe.com/api/refunds/object ."""
    ours = _text(_part(refund, "metadata"), "refund_id")
    return RefundNews(
        reference=_text(refund, "id"),
        our_id=int(ours) if ours.isascii() and ours.isdecimal() and len(ours) < 19 else None,
        payment_no=_text(refund, "payment_intent"),
        amount=_amount(refund, "amount") or 0,
        currency=_text(refund, "currency").upper(),
        state=REFUND_STATES.get(_text(refund, "status"), RefundState.ACCEPTED),
        reason=_text(refund, "failure_reason"),
    )


def _part(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = thing.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(thing: Mapping[str, Any], name: str) -> str:
    """A text as it can be stored; of an expanded object its id."""
    found = thing.get(name)
    if isinstance(found, Mapping):
        found = found.get("id")
    return storable(found) if isinstance(found, str) else ""


def _amount(thing: Mapping[str, Any], name: str) -> int | None:
    found = thing.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LARGEST_AMOUNT else None
