"""Conversations between the two sides of an application: opening, writing, reading, hiding.

Every write locks the conversation's participants in the order of their user ids, then takes its id: so ids ascend within a
conversation in the order of the commits, and the unread counters are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.elements import ColumnElement

from app.accounts.models import User
from app.applications.models import Application
from app.companies.models import Company
from app.core.clock import now
from app.core.storage import StoredFile, find_file, save
from app.core.time_ids import LARGEST, next_time_id, time_of
from app.core.uploads import Upload
from app.extensions import db
from app.messaging import live
from app.messaging.blocking import lock_pair, refuse_blocked
from app.messaging.errors import ConversationNotFound, NoSuchPartner
from app.messaging.models import Conversation, Message, Participant
from app.notifications.models import NotificationType
from app.notifications.service import News, tell

PREVIEW = 120
# A conversation's time is an application server's, a message's the database's.
CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True)
class Opened:
    """A conversation, and whether this call made it."""

    conversation: Conversation
    is_new: bool


def open_about_application(actor: User, application_id: int) -> Opened:
    """The conversation between an application's candidate and recruiter, made unless one of them has blocked the other.

    Raises NoSuchPartner for anybody else's application, Blocked.
    """
    between = select(Application.job_id, Application.candidate_id, Company.owner_id).join(Company, Application.company_id == Company.id)
    row = db.session.execute(between.where(Application.id == application_id, _is_side(actor.id))).one_or_none()
    if row is None:
        raise NoSuchPartner("application_id")
    return _open(row.candidate_id, row.owner_id, row.job_id)


def open_with_partner(actor: User, partner_id: int, job_id: int | None) -> Opened:
    """The conversation with the other side of an application, about its job. Raises NoSuchPartner when there is no application, Blocked."""
    between = select(Application.id).join(Company, Application.company_id == Company.id).where(_is_side(actor.id), _is_side(partner_id))
    if job_id is not None:
        between = between.where(Application.job_id == job_id)
    if actor.id == partner_id or db.session.scalar(between.limit(1)) is None:
        raise NoSuchPartner("partner_id")
    return _open(actor.id, partner_id, job_id)


def get_conversation(user_id: int, conversation_id: int) -> Conversation:
    """A conversation of that user. Raises ConversationNotFound."""
    found = db.session.scalar(_complete().where(Conversation.id == conversation_id, _has_participant(user_id)))
    if found is None:
        raise ConversationNotFound
    return found


def list_conversations(user_id: int, *, limit: int, offset: int) -> tuple[Sequence[Conversation], int]:
    """The conversations that the user has not hidden, the latest message first, and how many there are."""
    mine = and_(Participant.user_id == user_id, Participant.last_message_id >= Participant.hidden_up_to)
    shown = select(Participant.conversation_id).where(mine)
    total = db.session.scalar(select(func.count()).select_from(shown.subquery())) or 0
    page = shown.order_by(Participant.last_message_id.desc(), Participant.conversation_id.desc()).limit(limit).offset(offset)
    ids = list(db.session.scalars(page))
    found = {conversation.id: conversation for conversation in db.session.scalars(_complete().where(Conversation.id.in_(ids)))}
    return [found[conversation_id] for conversation_id in ids], total


def last_messages(conversations: Sequence[Conversation]) -> dict[int, Message]:
    """The last message of each conversation, by conversation id. One query that touches the months in question only."""
    ids = [conversation.last_message_id for conversation in conversations if conversation.last_message_id]
    if not ids:
        return {}
    query = select(Message).where(Message.id.in_(ids), Message.created_at.in_([time_of(found) for found in ids]))
    return {message.conversation_id: message for message in db.session.scalars(query)}


def list_messages(conversation: Conversation, *, before_id: int, limit: int, offset: int) -> Sequence[Message]:
    """One page and one row more, newest first; bounded in time on both sides, so that other months are not touched."""
    latest = min(before_id, (conversation.last_message_id or 0) + 1)
    query = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.created_at >= conversation.created_at - CLOCK_SKEW,
        Message.created_at <= time_of(latest),
        Message.id < min(latest, LARGEST),
    )
    newest_first = query.order_by(Message.created_at.desc(), Message.id.desc())
    return db.session.scalars(newest_first.limit(limit + 1).offset(offset)).all()


def post_message(sender: User, conversation: Conversation, text: str, attachment: Upload | None = None) -> Message:
    """Add a message, count it for the other side, and tell them. Raises Blocked."""
    refuse_blocked(conversation.low_user_id, conversation.high_user_id)
    # A storage far away must not keep the other side waiting behind our lock.
    stored = _store(attachment, sender.id)
    sides = _lock_sides(conversation)
    # A block that was committed while the file was stored or the lock awaited counts too; one that comes later waits for this message.
    refuse_blocked(conversation.low_user_id, conversation.high_user_id)
    other = next(side for side in sides if side.user_id != sender.id)
    message_id = next_time_id(other.last_message_id)
    message = Message(
        id=message_id,
        created_at=time_of(message_id),
        conversation_id=conversation.id,
        sender_id=sender.id,
        content=text,
        attachment_id=stored.id if stored else None,
    )
    db.session.add(message)
    conversation.last_message_id = message_id
    for side in sides:
        side.last_message_id = message_id
    other.unread += 1
    live.posted(message, conversation)
    tell(_news(sender, other.user_id, conversation.id, message_id, text))
    return message


def mark_read(user_id: int, conversation: Conversation, up_to: int | None = None) -> Participant:
    """The user has seen everything up to that message, or to the last one; what came after it stays unread. A mark never moves back."""
    mine = next(side for side in _lock_sides(conversation) if side.user_id == user_id)
    seen = mine.last_message_id if up_to is None else min(up_to, mine.last_message_id)
    if seen > mine.read_up_to:
        mine.read_up_to = seen
        live.read(conversation, user_id, seen)
    mine.unread = _count_after(mine) if mine.read_up_to < mine.last_message_id else 0
    return mine


def hide(user_id: int, conversation: Conversation) -> None:
    """Take it off the user's own list until the next message."""
    mine = next(side for side in _lock_sides(conversation) if side.user_id == user_id)
    mine.hidden_up_to, mine.unread = mine.last_message_id + 1, 0
    if mine.last_message_id > mine.read_up_to:
        mine.read_up_to = mine.last_message_id
        live.read(conversation, user_id, mine.read_up_to)


def count_unread(user_id: int) -> int:
    """Unread messages over all conversations, from the counters."""
    total = select(func.coalesce(func.sum(Participant.unread), 0)).where(Participant.user_id == user_id, Participant.unread > 0)
    return int(db.session.scalar(total) or 0)


def get_attachment(user_id: int, message_id: int) -> StoredFile:
    """The file of a message in one of the user's conversations. Raises ConversationNotFound."""
    query = (
        select(Message.attachment_id)
        .join(Participant, Participant.conversation_id == Message.conversation_id)
        .where(Message.id == message_id, Message.created_at == time_of(message_id), Participant.user_id == user_id)
    )
    file_id = db.session.scalar(query)
    stored = find_file(file_id) if file_id else None
    if stored is None:
        raise ConversationNotFound
    return stored


def _is_side(user_id: int) -> ColumnElement[bool]:
    return or_(Application.candidate_id == user_id, Company.owner_id == user_id)


def _has_participant(user_id: int) -> ColumnElement[bool]:
    return exists().where(Participant.conversation_id == Conversation.id, Participant.user_id == user_id)


def _complete() -> Select[Conversation]:
    return select(Conversation).options(selectinload(Conversation.participants).joinedload(Participant.user), joinedload(Conversation.job))


def _open(one_id: int, other_id: int, job_id: int | None) -> Opened:
    low, high = sorted((one_id, other_id))
    pair = {"low_user_id": low, "high_user_id": high, "job_id": job_id}
    made = db.session.scalar(insert(Conversation).values(created_at=now(), **pair).on_conflict_do_nothing().returning(Conversation.id))
    if made is not None:
        lock_pair(low, high)
        refuse_blocked(low, high)
        db.session.add_all([Participant(conversation_id=made, user_id=low), Participant(conversation_id=made, user_id=high)])
        db.session.flush()
    same_job = Conversation.job_id.is_not_distinct_from(job_id)
    query = _complete().where(Conversation.low_user_id == low, Conversation.high_user_id == high, same_job)
    return Opened(db.session.scalars(query).one(), made is not None)


def _lock_sides(conversation: Conversation) -> Sequence[Participant]:
    query = select(Participant).where(Participant.conversation_id == conversation.id).order_by(Participant.user_id)
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _count_after(mine: Participant) -> int:
    """How many messages of the other side come after the read mark."""
    theirs = and_(Message.conversation_id == mine.conversation_id, Message.sender_id != mine.user_id)
    later = and_(Message.id > mine.read_up_to, Message.created_at >= time_of(mine.read_up_to))
    return db.session.scalar(select(func.count()).select_from(Message).where(theirs, later)) or 0


def _store(attachment: Upload | None, owner_id: int) -> StoredFile | None:
    if attachment is None:
        return None
    return save(attachment.data, folder="messages", name=attachment.name, content_type=attachment.content_type, owner_id=owner_id)


def _news(sender: User, receiver_id: int, conversation_id: int, message_id: int, text: str) -> News:
    preview = text if len(text) <= PREVIEW else f"{text[: PREVIEW - 1]}…"
    return News(
        user_id=receiver_id,
        type=NotificationType.NEW_MESSAGE,
        title=f"Tin nhắn mới từ {sender.full_name}",
        message=preview or "📎",
        link=f"/chats/{conversation_id}",
        data={"conversation_id": conversation_id, "message_id": message_id, "sender_id": sender.id},
    )
