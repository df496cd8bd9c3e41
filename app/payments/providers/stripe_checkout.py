"""Stripe Checkout as a `Gateway`, through the official client. Source: https://docs.stripe.com/api/checkout/sessions .

Amounts go over as they are: Stripe too counts in the currency's minor unit, whole đồng for VND. Each call carries an idempotency key
made of our own ids, so that a repetition after a lost answer gets the first one's result.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import stripe

from app.payments.models import Provider
from app.payments.providers import stripe_events
from app.payments.providers.base import (
    Checkout,
    Finding,
    GatewaySilent,
    IncomingCall,
    Notice,
    Order,
    OrderRefused,
    Payment,
    PaymentState,
    RefundAnswer,
    RefundOrder,
    RefundState,
)

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

TIMEOUT = 10.0
# Stripe refuses sessions that live shorter or longer than this.
SHORTEST, LONGEST = timedelta(minutes=31), timedelta(hours=23, minutes=55)
# Stripe forgets idempotency keys after 24 hours at the earliest.
KEYS_LIVE = timedelta(hours=23)


@dataclass(frozen=True)
class StripeGateway:
    """Our account with Stripe. `result_url` is where the buyer comes back to; an empty `api_url` means Stripe's own."""

    secret_key: str
    webhook_secrets: tuple[str, ...]
    result_url: str
    api_url: str = ""
    provider: Provider = Provider.STRIPE
    calls_out: bool = True

    def create(self, order: Order) -> Checkout:
        """A Checkout session. It always expires when the order does, within the limits that Stripe sets."""
        try:
            with _silence():
                session = self._client.v1.checkout.sessions.create(self._session(order), {"idempotency_key": f"checkout-{order.code}"})
        except stripe.InvalidRequestError as error:
            raise OrderRefused(f"{error.code or 'invalid'}: {error.user_message or error}") from error
        if not session.url:
            raise GatewaySilent("Stripe made a session without an address.")
        return Checkout(session.url, session.id)

    def verify(self, call: IncomingCall) -> Notice:
        """Read a webhook call: the signature over the very bytes first."""
        stripe_events.check_signature(call.body, call.signature, self.webhook_secrets)
        return stripe_events.read_event(call.body, is_live=self._is_live)

    def query(self, payment: Payment) -> Finding:
        """The session's present state. An order without a session was never shown to the buyer."""
        if payment.reference is None:
            return Finding(PaymentState.UNKNOWN)
        try:
            with _silence():
                session = self._client.v1.checkout.sessions.retrieve(payment.reference)
        except stripe.InvalidRequestError as error:
            return Finding(PaymentState.UNKNOWN, raw={"error": str(error)[:500]})
        intent = session.payment_intent
        return Finding(
            state=_state(session.payment_status, session.status),
            payment_no=intent if isinstance(intent, str) else intent.id if intent else "",
            amount=session.amount_total,
            currency=(session.currency or "").upper(),
            raw={"id": session.id, "status": str(session.status), "payment_status": session.payment_status},
        )

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """A refund of the session's payment. Stripe's refusals are answers; everything else leaves it unknown."""
        wish: dict[str, Any] = {
            "payment_intent": order.payment.payment_no or "",
            "amount": order.amount,
            "metadata": {"refund_id": str(order.id), "transaction_code": order.payment.code},
        }
        key = f"refund-{order.payment.code}-{order.id}"
        try:
            with _silence():
                made = self._client.v1.refunds.create(wish, {"idempotency_key": key})  # type: ignore[arg-type]
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            return RefundAnswer(RefundState.REFUSED, reason=f"{error.code or 'invalid'}: {error.user_message or error}"[:500])
        news = stripe_events.read_refund(made.to_dict())
        return RefundAnswer(news.state, news.reference, news.reason)

    def may_repeat(self, first_called_at: datetime, at: datetime) -> bool:
        """As long as Stripe surely keeps the idempotency key."""
        return at - first_called_at < KEYS_LIVE

    @property
    def _client(self) -> stripe.StripeClient:
        return _client(self.secret_key, self.api_url)

    @property
    def _is_live(self) -> bool:
        return "_live_" in self.secret_key

    def _session(self, order: Order) -> "SessionCreateParams":
        life = min(max(order.expires_at - order.created_at, SHORTEST), LONGEST)
        result = f"{self.result_url}?{urlencode({'transaction_code': order.code})}"
        return {
            "mode": "payment",
            # The price is ours and so is the currency: what was ordered is what must be captured.
            "adaptive_pricing": {"enabled": False},
            "client_reference_id": order.code,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {"currency": order.currency.lower(), "unit_amount": order.amount, "product_data": {"name": order.name}},
                }
            ],
            "metadata": {"transaction_code": order.code},
            "payment_intent_data": {"metadata": {"transaction_code": order.code}, "description": order.info},
            "success_url": result,
            "cancel_url": result,
            "expires_at": int((order.created_at + life).timestamp()),
        }


@lru_cache(maxsize=8)
def _client(secret_key: str, api_url: str) -> stripe.StripeClient:
    """One client per account, so that connections are kept. It never retries by itself: we do, under the same key."""
    addresses: Any = {"api": api_url} if api_url else {}
    return stripe.StripeClient(secret_key, base_addresses=addresses, max_network_retries=0, http_client=stripe.RequestsClient(timeout=TIMEOUT))


@contextmanager
def _silence() -> Iterator[None]:
    """Turn what leaves the outcome open into GatewaySilent; refusals of this very request pass."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError):
        raise
    except stripe.StripeError as error:
        raise GatewaySilent(f"Stripe: {type(error).__name__}: {error.user_message or error}"[:500]) from error


def _state(payment_status: str, status: str | None) -> PaymentState:
    if payment_status == "paid":
        return PaymentState.PAID
    return PaymentState.CLOSED if status == "expired" else PaymentState.OPEN
