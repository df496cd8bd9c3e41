"""Stripe, as the local gateway plays it: sessions, refunds and signed webhooks, as far as the shop uses them.

`/dev/stripe` is what STRIPE_API_URL points to. A session's page is `/dev/stripe/pay/{id}`; its form is that of VNPay's page (see
`wishes`), so silence, a time-out after charging, duplicate and late webhooks are tried alike. Failing a payment only
declines the card, as at Stripe: the session stays open until it expires.
"""

import hashlib
import json
import re
import urllib.request
from http.client import HTTPException
from typing import Any

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, make_response, redirect, request
from stripe import WebhookSignature

from app.core.auth import public
from app.core.clock import now
from app.core.problems import BadRequest, NotFound, Unauthorized
from app.extensions import limiter
from app.payments.local_gateway import store
from app.payments.local_gateway.pages import show_page
from app.payments.local_gateway.wishes import Api, Choice, Wish, deliver, read_wish
from config import LOCAL_STRIPE_KEY, LOCAL_STRIPE_SECRET

log = structlog.get_logger()

blp = APIBlueprint("local_stripe", __name__, enable_openapi=False, url_prefix="/dev/stripe")
limiter.exempt(blp)

SESSION, REFUND = "stripe-session", "stripe-refund"
WEBHOOK_PATH = "/api/v1/payments/stripe_webhook/"
TIMEOUT = 5.0


@blp.post("/v1/checkout/sessions")
@public
def create_session() -> Response:
    """A session; the same Idempotency-Key gets the same one."""
    _expect_key()
    name = f"cs_test_{_name_of(request.headers.get('Idempotency-Key', ''))}"
    session = store.load(SESSION, name) or _new_session(name)
    store.save(SESSION, name, session)
    return jsonify(session)


@blp.get("/v1/checkout/sessions/<name>")
@public
def get_session(name: str) -> Response:
    """A session as it is now."""
    _expect_key()
    session = _session(name)
    if _loses_answer(session):
        return make_response("The answer was lost, as wished.", 504)
    return jsonify(session)


@blp.post("/v1/refunds")
@public
def create_refund() -> Response:
    """A refund of a session's payment, once per Idempotency-Key and never above what was paid."""
    _expect_key()
    intent = request.form.get("payment_intent", "")
    session_name = intent.replace("pi_", "cs_test_", 1)
    with store.held(SESSION, session_name):
        return _refund(intent, _session(session_name))


def _refund(intent: str, session: dict[str, Any]) -> Response:
    amount, name = int(request.form.get("amount", "0")), f"re_{_name_of(request.headers.get('Idempotency-Key', ''))}"
    refund = store.load(REFUND, name)
    if refund is None:
        if session["payment_status"] != "paid" or session["refunded"] + amount > session["amount_total"]:
            return _refused("The amount is greater than what is left of the payment.")
        refund = {"id": name, "object": "refund", "amount": amount, "currency": session["currency"], "payment_intent": intent}
        refund |= {"status": "succeeded", "metadata": _nested("metadata")}
        session["refunded"] += amount
        store.save(REFUND, name, refund)
        store.save(SESSION, session["id"], session)
    if _loses_answer(session):
        return make_response("The answer was lost, as wished.", 504)
    return jsonify(refund)


@blp.get("/pay/<name>")
@public
def show_session(name: str) -> Response:
    """The payment page of a session."""
    session = _session(name)
    return show_page(
        "pay",
        amount=session["amount_total"],
        currency=session["currency"].upper(),
        order=session["client_reference_id"],
        info=session["title"],
        merchant="Stripe",
        expires_at=None,
        is_expired=_is_expired(session),
    )


@blp.post("/pay/<name>")
@public
def choose(name: str) -> Response:
    """Do what the buyer chose, tell the shop as wished, and send the browser back."""
    wish = read_wish()
    with store.held(SESSION, name):
        session = _session(name)
        is_paid = wish.outcome in {Choice.PAY, Choice.TIMEOUT} and not _is_expired(session)
        if is_paid:
            session |= {"status": "complete", "payment_status": "paid", "payment_intent": name.replace("cs_test_", "pi_", 1), "api": wish.api}
            store.save(SESSION, name, session)
    if is_paid:
        _tell("checkout.session.completed", session, wish)
    if wish.outcome == Choice.TIMEOUT:
        return make_response("The bank does not answer, as wished. The money is taken.", 504)
    return make_response(redirect(session["success_url" if wish.outcome == Choice.PAY else "cancel_url"], 303))


def event_of(kind: str, thing: dict[str, Any]) -> str:
    """The body of an event about `thing`; the same change of the same thing is the same event."""
    digest = hashlib.sha256(f"{kind}:{thing['id']}:{thing.get('payment_status')}".encode()).hexdigest()
    event = {"id": f"evt_{digest[:24]}", "object": "event", "type": kind, "livemode": False, "created": int(now().timestamp())}
    return json.dumps({**event, "data": {"object": thing}})


def post_event(address: str, body: str) -> bool:
    """Call a webhook, signed now; whether it was heard."""
    signature = WebhookSignature.generate_signature_header(body, LOCAL_STRIPE_SECRET)
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers), timeout=TIMEOUT):  # noqa: S310  Our own address.
            return True
    except (OSError, HTTPException) as error:
        log.warning("local_stripe_webhook_failed", error=str(error))
        return False


def _tell(kind: str, session: dict[str, Any], wish: Wish) -> None:
    address, body = current_app.config["PUBLIC_URL"] + WEBHOOK_PATH, event_of(kind, session)
    deliver(lambda: post_event(address, body), wish)


def _new_session(name: str) -> dict[str, Any]:
    form = request.form
    price = "line_items[0][price_data]"
    return {
        "id": name,
        "object": "checkout.session",
        "url": f"{current_app.config['PUBLIC_URL']}/dev/stripe/pay/{name}",
        "client_reference_id": form["client_reference_id"],
        "title": form[f"{price}[product_data][name]"],
        "amount_total": int(form[f"{price}[unit_amount]"]),
        "currency": form[f"{price}[currency]"],
        "success_url": form["success_url"],
        "cancel_url": form["cancel_url"],
        "expires_at": int(form["expires_at"]),
        "metadata": _nested("metadata"),
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "refunded": 0,
        "livemode": False,
    }


def _session(name: str) -> dict[str, Any]:
    """The session of that name, expired by now if its time is over. Raises NotFound."""
    session = store.load(SESSION, name)
    if session is None:
        raise NotFound("No such checkout session.")
    return {**session, "status": "expired"} if _is_expired(session) else session


def _is_expired(session: dict[str, Any]) -> bool:
    return session["payment_status"] != "paid" and session["expires_at"] < now().timestamp()


def _loses_answer(session: dict[str, Any]) -> bool:
    """Whether this answer is to be lost: once per wish."""
    if session.get("api", Api.ANSWERS) != Api.TIMEOUT:
        return False
    store.save(SESSION, session["id"], {**session, "api": Api.ANSWERS})
    return True


def _expect_key() -> None:
    if request.headers.get("Authorization") != f"Bearer {LOCAL_STRIPE_KEY}":
        raise Unauthorized("This is not the local gateway's key.")


def _name_of(key: str) -> str:
    if not key:
        raise BadRequest("The local gateway wants an Idempotency-Key.")
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _nested(name: str) -> dict[str, str]:
    """The form's fields `name[...]`."""
    return {found[1]: value for field, value in request.form.items() if (found := re.fullmatch(rf"{name}\[(\w+)\]", field))}


def _refused(message: str) -> Response:
    return make_response(jsonify({"error": {"type": "invalid_request_error", "code": "charge_already_refunded", "message": message}}), 400)
