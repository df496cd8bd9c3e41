"""Reading and writing what a user holds; the user's row must be locked by the caller."""

from app.accounts.models import User
from app.payments.entitlements import Holding


def holding_of(user: User) -> Holding:
    """The user's credits and membership."""
    return Holding(user.job_posting_credits, user.membership_expires_at, user.has_unlimited_posting)


def set_holding(user: User, holding: Holding) -> None:
    """Make `holding` what the user has."""
    user.job_posting_credits = holding.credits
    user.membership_expires_at = holding.membership_expires_at
    user.has_unlimited_posting = holding.has_unlimited_posting
