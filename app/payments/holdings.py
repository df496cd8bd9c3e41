"""Reading and writing what users hold: under a lock on their rows, so that purchase, posting, refund and expiry lose no update."""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select, update

from app.accounts import audit
from app.accounts.models import User
from app.extensions import db
from app.payments.entitlements import Holding


def lock_holders(user_ids: Collection[int]) -> Mapping[int, User]:
    """The users by id, read afresh and locked in the order of their ids until the end of the open transaction."""
    if not user_ids:
        return {}
    # Not the key: rows that only refer to a user need not wait.
    query = select(User).where(User.id.in_(user_ids)).order_by(User.id).with_for_update(of=User, key_share=True)
    return {user.id: user for user in db.session.scalars(query.execution_options(populate_existing=True))}


def holding_of(user: User) -> Holding:
    """The user's credits and membership."""
    return Holding(user.job_posting_credits, user.membership_expires_at, user.has_unlimited_posting)


def set_holding(user: User, holding: Holding) -> None:
    """Make `holding` what the user has; the user's row must be locked by the caller."""
    user.job_posting_credits = holding.credits
    user.membership_expires_at = holding.membership_expires_at
    user.has_unlimited_posting = holding.has_unlimited_posting


ENDED_AT_A_TIME = 1000


def end_memberships(limit: int = ENDED_AT_A_TIME) -> int:
    """Take unlimited posting from `limit` memberships that have ended, by the database's clock. Returns how many; call until it is fewer.

    One conditional statement: who renews meanwhile holds the row, is skipped, and is not found by the next run. Credits stay; they can
    be used again after a renewal.
    """
    ended = User.has_unlimited_posting & (User.membership_expires_at <= func.clock_timestamp())
    due = select(User.id).where(ended).order_by(User.membership_expires_at).limit(limit).with_for_update(of=User, key_share=True, skip_locked=True)
    statement = update(User).where(User.id.in_(due), ended).values(has_unlimited_posting=False)
    rows = db.session.execute(statement.returning(User.id, User.membership_expires_at)).all()
    for user_id, ended_at in rows:
        audit.record("membership.ended", actor_id=None, subject_type="user", subject_id=user_id, ended_at=str(ended_at))
    return len(rows)
