"""What buyers are told about their payments."""

from collections.abc import Iterable, Sequence

from app.notifications.models import Level, NotificationType
from app.notifications.service import News, tell_each
from app.payments.figures import figure
from app.payments.models import Transaction


def tell_settled(transactions: Iterable[Transaction]) -> None:
    """The purchases are granted."""
    _tell([_settled(transaction) for transaction in transactions])


def tell_failed(transactions: Iterable[Transaction]) -> None:
    """The gateway says that the payments failed."""
    _tell([_failed(transaction) for transaction in transactions])


def _tell(news: Sequence[News]) -> None:
    # One key a fact: telling it again before it was delivered is telling it once.
    tell_each({f"notifications.deliver:{found.type}:{found.data['transaction_id']}": found for found in news})


def _settled(transaction: Transaction) -> News:
    paid, order = figure(transaction.amount, transaction.currency), transaction.transaction_code
    message = f"Đã nhận {paid} cho đơn hàng {order}: “{transaction.package['name']}” đã được kích hoạt."
    return _news(transaction, NotificationType.PAYMENT_SUCCEEDED, "Thanh toán thành công", message, Level.SUCCESS)


def _failed(transaction: Transaction) -> News:
    asked, order = figure(transaction.amount, transaction.currency), transaction.transaction_code
    message = f"Khoản thanh toán {asked} cho đơn hàng {order} không thành công. Không có gói nào được kích hoạt."
    return _news(transaction, NotificationType.PAYMENT_FAILED, "Thanh toán thất bại", message, Level.ERROR)


def _news(transaction: Transaction, kind: NotificationType, title: str, message: str, level: Level) -> News:
    data = {"transaction_id": transaction.id, "transaction_code": transaction.transaction_code}
    return News(transaction.user_id, kind, title, message, link=f"/payments/{transaction.id}", level=level, data=data)
