"""Telling people, listing what they were told, and reading it. Counting is a counter, reading all is one row."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.outbox import enqueue, enqueue_each
from app.core.problems import NotFound
from app.core.time_ids import LARGEST, new_time_id, time_of
from app.extensions import db
from app.notifications import live
from app.notifications.models import Inbox, Level, Notification, NotificationType
from app.notifications.preferences import Channel, wants


@dataclass(frozen=True)
class News:
    """What one person is told: a short title, a sentence, and a path of the front end."""

    user_id: int
    type: NotificationType
    title: str
    message: str
    link: str | None = None
    level: Level = Level.INFO
    data: dict[str, Any] = field(default_factory=dict)


def tell(news: News) -> None:
    """Leave word in the open transaction: the notification is made once, if and only if the change commits."""
    enqueue("notifications.deliver", asdict(news))


def tell_each(news_by_key: Mapping[str, News]) -> None:
    """Leave word of many things at once, one a key: what was left under a key and is not delivered yet serves for it."""
    if news_by_key:
        enqueue_each("notifications.deliver", {key: asdict(news) for key, news in news_by_key.items()})


def deliver(news: News) -> Notification | None:
    """Make the notification and count it; None for a person who does not want this type in the application.

    The counter comes first, since it locks the inbox: an id taken before would count as unread although a read-all went past it.
    """
    if not wants([news.user_id], NotificationType(news.type), Channel.IN_APP):
        return None
    counted = insert(Inbox).values(user_id=news.user_id, unread=1)
    db.session.execute(counted.on_conflict_do_update(index_elements=[Inbox.user_id], set_={"unread": Inbox.unread + 1}))
    notification_id = new_time_id()
    notification = Notification(id=notification_id, created_at=time_of(notification_id), **asdict(news))
    db.session.add(notification)
    db.session.flush()
    live.made(notification)
    return notification


def get_inbox(user_id: int) -> Inbox:
    """The user's counter; an unsaved one with zeros for a user who was never told anything."""
    return db.session.get(Inbox, user_id) or Inbox(user_id=user_id, unread=0, read_up_to=0)


def list_notifications(user_id: int, *, before_id: int, limit: int, offset: int, unread_only: bool) -> Sequence[Notification]:
    """One page and one row more, newest first. The bound on `created_at` lets PostgreSQL skip later months."""
    query = select(Notification).where(Notification.user_id == user_id)
    if before_id < LARGEST:
        query = query.where(Notification.created_at <= time_of(before_id), Notification.id < before_id)
    if unread_only:
        read_up_to = get_inbox(user_id).read_up_to
        query = query.where(~Notification.is_read, Notification.created_at >= time_of(read_up_to), Notification.id > read_up_to)
    newest_first = query.order_by(Notification.created_at.desc(), Notification.id.desc())
    return db.session.scalars(newest_first.limit(limit + 1).offset(offset)).all()


def mark_read(user_id: int, notification_id: int) -> Notification:
    """Mark one as read; again changes nothing. Raises NotFound for another's."""
    inbox = lock_inbox(user_id)
    mine = (Notification.id == notification_id, Notification.created_at == time_of(notification_id), Notification.user_id == user_id)
    notification = db.session.scalar(select(Notification).where(*mine).with_for_update())
    if notification is None:
        raise NotFound
    if not notification.is_read and notification.id > inbox.read_up_to:
        inbox.unread -= 1
        live.read(user_id, notification_id)
    notification.is_read = True
    return notification


def mark_all_read(user_id: int) -> None:
    """Everything up to now counts as read; what arrives meanwhile stays unread."""
    inbox = lock_inbox(user_id)
    inbox.read_up_to, inbox.unread = new_time_id(), 0
    live.read_all(user_id, inbox.read_up_to)


def lock_inbox(user_id: int) -> Inbox:
    """The user's counter, made if need be and locked until the transaction ends."""
    db.session.execute(insert(Inbox).values(user_id=user_id).on_conflict_do_nothing())
    return db.session.scalars(select(Inbox).where(Inbox.user_id == user_id).with_for_update().execution_options(populate_existing=True)).one()
