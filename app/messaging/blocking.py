"""Blocks: one person does not want to hear from another, and from the moment this is answered nothing arrives any more, either way.

A message holds the locks of its conversation's participants until it is committed, and a conversation that is being made, which nobody else
can see yet, holds the lock of its pair. A block waits for both, and each of them looks for blocks behind its lock.
"""

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.core.clock import now
from app.extensions import db
from app.messaging.errors import Blocked, CannotBlockYourself, NoSuchPartner
from app.messaging.models import Block, Conversation, Participant


def listing(user_id: int) -> Select[Block]:
    """The blocks of a person, the latest first."""
    return select(Block).where(Block.user_id == user_id).options(joinedload(Block.blocked)).order_by(Block.created_at.desc())


def block(user_id: int, blocked_id: int) -> None:
    """Stop messages between two people; again changes nothing. Raises CannotBlockYourself, NoSuchPartner."""
    if user_id == blocked_id:
        raise CannotBlockYourself
    if db.session.get(User, blocked_id) is None:
        raise NoSuchPartner("user_id")
    low, high = sorted((user_id, blocked_id))
    lock_pair(low, high)
    sides = select(Participant.user_id).join(Participant.conversation)
    between = sides.where(Conversation.low_user_id == low, Conversation.high_user_id == high)
    db.session.execute(between.order_by(Participant.conversation_id, Participant.user_id).with_for_update(of=Participant))
    db.session.execute(insert(Block).values(user_id=user_id, blocked_id=blocked_id, created_at=now()).on_conflict_do_nothing())


def unblock(user_id: int, blocked_id: int) -> None:
    """Take a block back; without one nothing happens."""
    found = db.session.get(Block, (user_id, blocked_id))
    if found is not None:
        db.session.delete(found)


def lock_pair(low: int, high: int) -> None:
    """Keep blocks between two people waiting until the transaction ends, and wait for one that is being made. For what no row stands for yet."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"blocks {low} {high}", 0))))


def refuse_blocked(low: int, high: int) -> None:
    """Raises Blocked when one of the two has blocked the other."""
    either = or_(and_(Block.user_id == low, Block.blocked_id == high), and_(Block.user_id == high, Block.blocked_id == low))
    if db.session.scalar(select(Block.user_id).where(either).limit(1)) is not None:
        raise Blocked
