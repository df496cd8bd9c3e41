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
    assert [args["message"] for args in told] == [
        f"Gói 10 tin is yours: {written} received for order {order}.",
        f"The payment of {written} for order {order} did not go through. Nothing was bought.",
    ]
