"""Packages, purchases and the gateway's messages, as the payment tests need them."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.extensions import db
from app.payments import service, settlement
from app.payments.models import GatewayEvent, Package, PackageType, Transaction
from app.payments.providers import vnpay_messages
from config import LOCAL_GATEWAY_SECRET
from tests.factories import RecruiterFactory

IPN = "/api/v1/payments/vnpay_ipn/"


def add_package(**changes: Any) -> Package:
    """Ten credits and thirty days for 1,500,000 VND, unless told otherwise."""
    values = {"name": "Gói 10 tin", "price": 1_500_000, "duration_days": 30, "package_type": PackageType.CREDIT, "job_posting_limit": 10}
    package = Package(**{**values, **changes})
    db.session.add(package)
    db.session.flush()
    return package


def buyer(**values: Any) -> User:
    """A recruiter without credits, so that the books begin at zero."""
    user: User = RecruiterFactory(job_posting_credits=0, **values)
    return user


def buy(user: User | None = None, package: Package | None = None) -> Transaction:
    """A pending, committed purchase."""
    transaction = service.create_payment(user or buyer(), (package or add_package()).id, "203.0.113.7")
    db.session.commit()
    return transaction


def notice(transaction: Transaction, **changes: str | None) -> dict[str, str]:
    """The gateway's signed message that the transaction was paid; a change to None leaves the field out. Signed after the changes."""
    fields: dict[str, str | None] = {
        "vnp_TmnCode": "LOCALDEV",
        "vnp_Amount": str(transaction.amount * 100),
        "vnp_BankCode": "NCB",
        "vnp_BankTranNo": "VNP14422574",
        "vnp_CardType": "ATM",
        "vnp_OrderInfo": "Thanh toan goi 1",
        "vnp_PayDate": "20250309120501",
        "vnp_ResponseCode": "00",
        "vnp_TransactionNo": "14422574",
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": transaction.transaction_code,
        **changes,
    }
    sent = {name: value for name, value in fields.items() if value is not None}
    return {**sent, "vnp_SecureHash": vnpay_messages.sign(sent, LOCAL_GATEWAY_SECRET)}


FAILURE = {"vnp_ResponseCode": "24", "vnp_TransactionStatus": "02", "vnp_TransactionNo": "0"}


def call_ipn(client: FlaskClient, fields: dict[str, str]) -> str:
    """The gateway calls; the RspCode it is answered."""
    answer = client.get(IPN, query_string=fields)
    assert answer.status_code == 200
    assert set(answer.json) == {"RspCode", "Message"}
    code: str = answer.json["RspCode"]
    return code


def settle_all() -> list[str | None]:
    """Apply every stored event, as the worker would; the verdicts in order of arrival."""
    events = list(db.session.scalars(select(GatewayEvent).order_by(GatewayEvent.id)))
    for event in events:
        settlement.apply_events([event.id])
    db.session.commit()
    return [event.verdict for event in events]


def pay(client: FlaskClient, transaction: Transaction) -> None:
    """The whole way from the gateway's call to the grant."""
    assert call_ipn(client, notice(transaction)) == "00"
    settle_all()
