"""Stripe's events and the calls that bring them, signed with the local gateway's secret unless told otherwise."""

import json
import time
from typing import Any

from flask.testing import FlaskClient
from stripe import WebhookSignature
from werkzeug.test import TestResponse

from app.payments.models import Transaction
from config import LOCAL_STRIPE_SECRET

WEBHOOK = "/api/v1/payments/stripe_webhook/"


def session_of(transaction: Transaction, **changes: Any) -> dict[str, Any]:
    """A paid checkout session of `transaction`."""
    session = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "client_reference_id": transaction.transaction_code,
        "amount_total": transaction.amount,
        "currency": transaction.currency.lower(),
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "status": "complete",
    }
    return {**session, **changes}


def refund_object(transaction: Transaction, **changes: Any) -> dict[str, Any]:
    """A refund of the whole payment, as Stripe describes it."""
    refund = {"id": "re_1", "object": "refund", "amount": transaction.amount, "currency": transaction.currency.lower()}
    return {**refund, "payment_intent": "pi_1", "status": "succeeded", "metadata": {}, **changes}


def event(kind: str, thing: dict[str, Any], **changes: Any) -> str:
    """The body of an event."""
    return json.dumps({"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": thing}, **changes})


def post_event(
    client: FlaskClient, body: str | bytes, *, secret: str = LOCAL_STRIPE_SECRET, age: int = 0, signature: str | None = None
) -> TestResponse:
    """Stripe calls; signed `age` seconds ago."""
    text = body if isinstance(body, str) else body.decode(errors="replace")
    header = WebhookSignature.generate_signature_header(text, secret, int(time.time()) - age) if signature is None else signature
    return client.post(WEBHOOK, data=body, headers={"Stripe-Signature": header}, content_type="application/json")
