"""Past months of messages and notifications, for tests of what happens to them."""

from datetime import datetime, timedelta

from app.core.clock import now
from app.core.partitions import PARTITIONED, Month, create
from app.core.time_ids import first_id_of, time_of
from app.extensions import db
from app.messaging.models import Conversation, Message, Participant
from app.notifications.models import Inbox, Notification, NotificationType


def past(months: int) -> Month:
    """The month so many before the present one."""
    return Month.of(now()).plus(-months)


def add_past(months: int) -> None:
    """Partitions of both tables for the last `months` months."""
    for table in PARTITIONED:
        create(table, past(months), months)


def in_month(month: Month, number: int = 0) -> datetime:
    """A moment in that month; a larger `number` is later."""
    return month.start + timedelta(days=1, seconds=number)


def write(chat: Conversation, sender_id: int, moment: datetime, text: str = "Xin chào", attachment_id: int | None = None) -> Message:
    """A message of that moment, counted as one that is posted."""
    message_id = first_id_of(moment)
    message = Message(
        id=message_id, created_at=time_of(message_id), conversation_id=chat.id, sender_id=sender_id, content=text, attachment_id=attachment_id
    )
    db.session.add(message)
    chat.created_at, chat.last_message_id = min(chat.created_at, moment), message_id
    for side in chat.participants:
        side.last_message_id = message_id
        side.unread += side.user_id != sender_id
    db.session.flush()
    return message


def tell(user_id: int, moment: datetime, title: str = "Tin") -> Notification:
    """A notification of that moment, counted as one that is delivered."""
    notification_id = first_id_of(moment)
    inbox = db.session.get(Inbox, user_id) or Inbox(user_id=user_id, unread=0)
    inbox.unread += 1
    notification = Notification(
        id=notification_id, created_at=time_of(notification_id), user_id=user_id, type=NotificationType.JOB_MATCH, title=title, message="…"
    )
    db.session.add_all([inbox, notification])
    db.session.flush()
    return notification


def read_mark(chat: Conversation, user_id: int) -> tuple[int, int]:
    """What a side has unread, and up to where it has read."""
    side = db.session.get_one(Participant, (chat.id, user_id), populate_existing=True)
    return side.unread, side.read_up_to
