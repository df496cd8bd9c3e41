"""What gateways tell of refunds by themselves: of ours, and of those that somebody made in the gateway's portal."""

from sqlalchemy import select

from app.extensions import db
from app.payments.differences import note_difference
from app.payments.models import GatewayEvent, Provider, Refund, Transaction
from app.payments.providers.base import RefundAnswer, RefundNews
from app.payments.providers.stripe_events import read_refund_event
from app.payments.reconciliation_models import DifferenceKind
from app.payments.refund_calls import record_answer


def take_news(event_id: int) -> None:
    """Apply a stored event about a refund; one that we did not ask for is shown to people."""
    event = db.session.scalars(select(GatewayEvent).where(GatewayEvent.id == event_id)).one()
    news = read_refund_event(event.body or "")
    refund_id = _refund_of(news)
    if refund_id is not None:
        record_answer(refund_id, RefundAnswer(news.state, news.reference, news.reason))
        return
    paid = (Transaction.gateway_transaction_no == news.payment_no) & (Transaction.provider == event.provider)
    transaction_id = db.session.scalar(select(Transaction.id).where(paid)) if news.payment_no else None
    note_difference(
        DifferenceKind.REFUNDED_ELSEWHERE,
        Provider(event.provider),
        news.reference,
        f"{news.amount} {news.currency} of payment {news.payment_no} were refunded, though not by us",
        transaction_id=transaction_id,
        amount=news.amount,
        currency=news.currency,
    )


def _refund_of(news: RefundNews) -> int | None:
    """Our refund that the news is about: by the id that we sent, or by the gateway's, and of that very payment."""
    named = Refund.id == news.our_id if news.our_id is not None else Refund.gateway_reference == news.reference
    same = (Transaction.gateway_transaction_no == news.payment_no) & (Refund.amount == news.amount) & (Transaction.currency == news.currency)
    return db.session.scalar(select(Refund.id).join(Transaction, Transaction.id == Refund.transaction_id).where(named, same))
