"""What buyers are told about their payments."""

from app.notifications.models import Level, NotificationType
from app.notifications.service import News, tell
from app.payments.models import Transaction


def tell_settled(transaction: Transaction) -> None:
    """The purchase is granted."""
    message = f"{transaction.package['name']} is yours: {_amount(transaction)} received for order {transaction.transaction_code}."
    tell(_news(transaction, NotificationType.PAYMENT_SUCCEEDED, "Payment received", message, Level.SUCCESS))


def tell_failed(transaction: Transaction) -> None:
    """The gateway says that the payment failed."""
    message = f"The payment of {_amount(transaction)} for order {transaction.transaction_code} did not go through. Nothing was bought."
    tell(_news(transaction, NotificationType.PAYMENT_FAILED, "Payment failed", message, Level.ERROR))


def _news(transaction: Transaction, kind: NotificationType, title: str, message: str, level: Level) -> News:
    data = {"transaction_id": transaction.id, "transaction_code": transaction.transaction_code}
    return News(transaction.user_id, kind, title, message, link=f"/payments/{transaction.id}", level=level, data=data)


def _amount(transaction: Transaction) -> str:
    return f"{transaction.amount:,} {transaction.currency}".replace(",", ".")
