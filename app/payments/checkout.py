"""Sending a buyer to the gateway: the order that it is shown, and the page that it answers with."""

import structlog
from sqlalchemy import select

from app.extensions import db
from app.payments.errors import GatewayAway, PackageNotPayable
from app.payments.models import Provider, Transaction, TransactionStatus
from app.payments.providers.base import Checkout, GatewaySilent, Order, OrderRefused
from app.payments.providers.registry import gateway_of

log = structlog.get_logger()


def order_of(transaction: Transaction, address: str) -> Order:
    """What the gateway is told about `transaction`, whose buyer calls from `address`."""
    return Order(
        code=transaction.transaction_code,
        amount=transaction.amount,
        currency=transaction.currency,
        info=f"Thanh toan goi {transaction.package_id}",
        name=transaction.package["name"],
        address=address,
        created_at=transaction.created_at,
        expires_at=transaction.expires_at,
    )


def keep_checkout(transaction_id: int, checkout: Checkout) -> Transaction:
    """Note where the buyer of an order pays."""
    transaction = db.session.scalars(select(Transaction).where(Transaction.id == transaction_id).with_for_update(key_share=True)).one()
    transaction.payment_url, transaction.gateway_reference = checkout.payment_url, checkout.reference
    return transaction


def drop_order(transaction_id: int) -> None:
    """The gateway does not take this order: nobody can pay it."""
    transaction = db.session.scalars(select(Transaction).where(Transaction.id == transaction_id).with_for_update(key_share=True)).one()
    if transaction.status == TransactionStatus.PENDING:
        transaction.status = TransactionStatus.FAILED


def ask_for_checkout(transaction_id: int, provider: Provider, order: Order) -> Checkout:
    """Call the gateway; no transaction may be open. The order's code is the idempotency key, so asking again gives the same page.

    Raises GatewayAway when the outcome is unknown, PackageNotPayable when the gateway refuses.
    """
    try:
        return gateway_of(provider).create(order)
    except GatewaySilent as error:
        log.warning("gateway_silent", provider=provider, transaction_id=transaction_id, error=str(error))
        raise GatewayAway from error
    except OrderRefused as error:
        log.error("gateway_refused_order", provider=provider, transaction_id=transaction_id, error=str(error))
        raise PackageNotPayable from error
