"""What buyers read about their payments."""

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.core.outbox import Task
from app.extensions import db
from app.payments import news
from tests.payments.builders import buy


@pytest.mark.parametrize(("price", "currency", "written"), [(1_500_000, "VND", "1.500.000 VND"), (1250, "USD", "12,50 USD")])
def test_amounts_are_written_in_the_currencys_own_unit(app: APIFlask, price: int, currency: str, written: str) -> None:
    transaction = buy()
    transaction.amount, transaction.currency = price, currency

    news.tell_settled([transaction])
    news.tell_failed([transaction])

    order = transaction.transaction_code
    told = db.session.scalars(select(Task.args).where(Task.name == "notifications.deliver").order_by(Task.id)).all()
    assert [(args["title"], args["message"]) for args in told] == [
        ("Thanh toán thành công", f"Đã nhận {written} cho đơn hàng {order}: “Gói 10 tin” đã được kích hoạt."),
        ("Thanh toán thất bại", f"Khoản thanh toán {written} cho đơn hàng {order} không thành công. Không có gói nào được kích hoạt."),
    ]
