"""What a purchase gives and a refund takes: pure rules on credits and membership."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.payments.models import PackageType


@dataclass(frozen=True)
class Terms:
    """The part of a package's snapshot that says what is bought."""

    package_type: PackageType
    duration_days: int
    job_posting_limit: int
    allow_unlimited_posting: bool

    @classmethod
    def of(cls, snapshot: dict[str, Any]) -> "Terms":
        """The terms of a transaction's stored package."""
        return cls(
            PackageType(snapshot["package_type"]), snapshot["duration_days"], snapshot["job_posting_limit"], snapshot["allow_unlimited_posting"]
        )

    @property
    def sells_unlimited(self) -> bool:
        """Only a subscription can allow unlimited posting."""
        return self.package_type == PackageType.SUBSCRIPTION and self.allow_unlimited_posting

    @property
    def credits(self) -> int:
        """The credits that come with it; none beside unlimited posting."""
        return 0 if self.sells_unlimited else self.job_posting_limit


@dataclass(frozen=True)
class Holding:
    """What a user has: credits, the end of the membership, and whether posting is free while it lasts."""

    credits: int
    membership_expires_at: datetime | None
    has_unlimited_posting: bool

    def is_member(self, at: datetime) -> bool:
        """Whether the membership lasts beyond `at`."""
        return self.membership_expires_at is not None and self.membership_expires_at > at


def after_purchase(held: Holding, bought: Terms, at: datetime) -> Holding:
    """CREDIT adds its credits, SUBSCRIPTION sets what it allows; both extend membership from the later of now and its end.

    Unlimited posting that is still paid for stays; what a lapsed membership allowed does not come back.
    """
    start = held.membership_expires_at if held.is_member(at) and held.membership_expires_at else at
    return Holding(
        credits=held.credits + bought.credits,
        membership_expires_at=start + timedelta(days=bought.duration_days),
        has_unlimited_posting=bought.sells_unlimited or (held.has_unlimited_posting and held.is_member(at)),
    )


def credits_to_take(*, granted: int, taken_before: int, amount: int, refunded: int, balance: int) -> int:
    """The credits that go back with a refund.

    Their share is that of the money refunded so far (`refunded` of `amount`, this refund included), rounded down, less what earlier
    refunds took; credits that were used stay used, so never more than the user's `balance`.
    """
    share = granted * refunded // amount
    return max(0, min(balance, share - taken_before))


def after_full_refund(held: Holding, bought: Terms, at: datetime, *, others: Sequence[Terms]) -> Holding:
    """The membership loses the days that were bought, though not beyond now; credits are taken apart.

    `others` are the user's other paid purchases: unlimited posting stays while one of them pays for it, and without any a membership
    that ends with the refund was never there, so that credits from elsewhere can be used as before.
    """
    if not held.is_member(at) or held.membership_expires_at is None:
        return replace(held, has_unlimited_posting=False)
    end = held.membership_expires_at - timedelta(days=bought.duration_days)
    if end <= at:
        return replace(held, membership_expires_at=at if others else None, has_unlimited_posting=False)
    still_paid = not bought.sells_unlimited or any(other.sells_unlimited for other in others)
    return replace(held, membership_expires_at=end, has_unlimited_posting=held.has_unlimited_posting and still_paid)
