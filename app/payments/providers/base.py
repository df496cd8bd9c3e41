"""What a payment gateway can do for us, and the plain values that go in and come out.

Amounts are integers in the currency's minor unit, currencies are ISO 4217 in capitals, times are aware. A gateway that does not answer,
or whose answer cannot be believed, raises GatewaySilent: what happened is unknown, which is never the same as failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from app.payments.models import Outcome, Provider


class GatewaySilent(Exception):
    """No answer, or none that can be believed: whether anything happened is unknown."""


class OrderRefused(Exception):
    """The gateway does not take this order, and never will."""


class BadNotice(Exception):
    """A call that the gateway did not make, or (`is_stale`) made too long ago; `reason` is for the operator."""

    def __init__(self, reason: str, *, is_stale: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_stale = is_stale


@dataclass(frozen=True)
class Order:
    """What the buyer is asked to pay. `info` is plain ASCII, `name` is what is sold, `address` is the buyer's."""

    code: str
    amount: int
    currency: str
    info: str
    name: str
    address: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Checkout:
    """Where the buyer pays, and the gateway's own name for the order, if it gave one."""

    payment_url: str
    reference: str | None = None


@dataclass(frozen=True)
class IncomingCall:
    """A call from outside, as it came: query arguments, the body (left empty when its `size` in bytes is beyond reason), the signature."""

    arguments: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    size: int = 0
    signature: str = ""


class RefundState(StrEnum):
    """ACCEPTED: the gateway has it and works on it. UNKNOWN: it answered, and still nobody knows whether the money went."""

    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class RefundNews:
    """What a notice says about a refund. `our_id` is what we sent with it, None for one that was made elsewhere."""

    reference: str
    our_id: int | None
    payment_no: str
    amount: int
    currency: str
    state: RefundState
    reason: str


@dataclass(frozen=True)
class Notice:
    """What an authentic call says. `outcome` is None when it tells nothing final; `amount` is None when it is no number.

    `event_id` is unique at the gateway. `is_ours` is False for a notice that was meant for another merchant or mode.
    """

    event_id: str
    order_code: str
    outcome: Outcome | None
    payment_no: str
    amount: int | None
    currency: str
    is_ours: bool
    raw: dict[str, str]
    refund: RefundNews | None = None


@dataclass(frozen=True)
class Payment:
    """An order of ours as the gateway knows it: our code, its reference and, once paid, the payment's number."""

    code: str
    reference: str | None
    payment_no: str | None
    amount: int
    currency: str
    created_at: datetime


class PaymentState(StrEnum):
    """PAID and FAILED are final. OPEN: nothing final yet. CLOSED: it can no longer be paid. UNKNOWN: the gateway knows no such order, or
    says something that people have to read."""

    PAID = "PAID"
    FAILED = "FAILED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Finding:
    """The gateway's answer about an order. `amount` is what was asked from the buyer, None when the answer has none.

    `needs_people`: the answer says something that no rule covers, such as a payment that was reversed or is suspected.
    """

    state: PaymentState
    payment_no: str = ""
    amount: int | None = None
    currency: str = ""
    raw: dict[str, Any] = field(default_factory=dict)
    needs_people: bool = False


@dataclass(frozen=True)
class RefundOrder:
    """Money to be given back. The same `id` is the same refund, however often it is sent.

    `is_repeated`: it was sent before and no answer came, so that it may have been carried out.
    """

    id: int
    payment: Payment
    amount: int
    is_whole: bool
    actor: str
    created_at: datetime
    is_repeated: bool = False


@dataclass(frozen=True)
class RefundAnswer:
    """What the gateway says about a refund; `reason` when it refuses or leaves it open."""

    state: RefundState
    reference: str = ""
    reason: str = ""


class Gateway(Protocol):
    """One account with one payment gateway."""

    @property
    def provider(self) -> Provider: ...

    @property
    def calls_out(self) -> bool:
        """Whether `create` makes a network call, so that no transaction may be open meanwhile."""
        ...

    def create(self, order: Order) -> Checkout:
        """Where the buyer pays; the same code gives the same checkout. Raises GatewaySilent, OrderRefused."""
        ...

    def verify(self, call: IncomingCall) -> Notice:
        """Read an incoming call. Raises BadNotice."""
        ...

    def query(self, payment: Payment) -> Finding:
        """Ask what became of an order. Raises GatewaySilent."""
        ...

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """Give money back. Raises GatewaySilent; then the same order may be sent again while `may_repeat` says so."""
        ...

    def may_repeat(self, first_called_at: datetime, at: datetime) -> bool:
        """Whether the gateway still recognises a refund that was first sent then, so that sending it again cannot pay twice."""
        ...
