"""What the payment routes take and give. Money is an integer in the currency's minor unit."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.core.pagination import ListQuery
from app.core.schemas import Id, InModel, Money, OptionalLine, OutModel
from app.payments.models import PackageType, Provider, Transaction, TransactionStatus


class PackageTerms(OutModel):
    """A package as it was when it was bought."""

    id: int
    name: str
    price: int
    currency: str
    duration_days: int
    package_type: PackageType
    job_posting_limit: int
    allow_unlimited_posting: bool
    description: str


class PackageOut(PackageTerms):
    """A package as it is now; one that is not active is off sale."""

    is_active: bool


class PaymentCreate(InModel):
    """Which package is to be bought."""

    package_id: Id


class PaymentCreated(OutModel):
    """Send the buyer to `payment_url` before `expires_at`."""

    transaction_id: int
    transaction_code: str
    payment_url: str
    status: TransactionStatus
    amount: int
    currency: str
    expires_at: datetime

    @classmethod
    def of(cls, transaction: Transaction) -> "PaymentCreated":
        """The answer to a purchase."""
        shared = {name: getattr(transaction, name) for name in cls.model_fields if name != "transaction_id"}
        return cls(transaction_id=transaction.id, **shared)


class TransactionOut(OutModel):
    """A purchase. `package` is a snapshot; a partial refund shows in `refunded_amount` and stays SUCCESS.

    `receipt_url` serves the receipt as PDF; it is null until the receipt is made, shortly after the payment.
    """

    id: int
    transaction_code: str
    package: PackageTerms
    amount: int
    currency: str
    status: TransactionStatus
    payment_url: str
    provider: Provider
    refunded_amount: int
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    receipt_url: str | None

    @classmethod
    def of(cls, transaction: Transaction, receipt_url: str | None) -> "TransactionOut":
        """The owner's view of a transaction; `receipts.service.find_urls` has its `receipt_url`."""
        shared = {name: getattr(transaction, name) for name in cls.model_fields if name not in {"package", "receipt_url"}}
        return cls(package=PackageTerms.model_validate(transaction.package), receipt_url=receipt_url, **shared)


class TransactionQuery(ListQuery):
    """`status` leaves only the transactions in that state."""

    status: TransactionStatus | None = None


class RefundRequest(InModel):
    """Without `amount`: all that is left."""

    amount: Annotated[Money, Field(gt=0)] | None = None
    reason: OptionalLine = ""


class IpnOut(OutModel):
    """The names are VNPay's."""

    RspCode: str
    Message: str


class ReturnOut(OutModel):
    """Where a payment stands when the buyer comes back; PENDING until the gateway's own call has been settled."""

    transaction_code: str
    status: TransactionStatus
    amount: int
    currency: str
    response_code: str


class WebhookOut(OutModel):
    """The event is stored."""

    received: bool
