"""What Stripe calls."""

from apiflask import APIBlueprint
from flask import request

from app.core.auth import public
from app.core.contract import returns
from app.core.unit_of_work import unit_of_work
from app.extensions import limiter
from app.payments.errors import BadSignature, OversizedNotice
from app.payments.providers.base import IncomingCall
from app.payments.schemas import WebhookOut
from app.payments.stripe_webhook import LONGEST_BODY, Reception, receive

blp = APIBlueprint("stripe_webhook", __name__, tag="Payments")


@blp.post("/payments/stripe_webhook/")
@limiter.exempt
@public
@returns(WebhookOut)
def take_webhook() -> WebhookOut:
    """Stripe's server tells of an event. 200 once it is stored; Stripe repeats anything else for three days."""
    size = request.content_length or 0
    body = request.get_data(cache=False) if size <= LONGEST_BODY else b""
    call = IncomingCall(body=body, size=max(size, len(body)), signature=request.headers.get("Stripe-Signature", ""))
    with unit_of_work():
        reception = receive(call, request.remote_addr)
    if reception == Reception.OVERSIZED:
        raise OversizedNotice
    if reception == Reception.FORGED:
        raise BadSignature
    return WebhookOut(received=True)
