"""What a person's open pages are told of notifications."""

from app.events.pending import Event
from app.events.service import announce, announce_unread, count_unread_by
from app.notifications.models import Notification
from app.notifications.schemas import NotificationOut

count_unread_by("notifications", "SELECT unread FROM inboxes WHERE inboxes.user_id = news.user_id")


def made(notification: Notification) -> None:
    """A new one, as the list of notifications shows it."""
    shown = NotificationOut.of(notification, read_up_to=0).model_dump(mode="json")
    announce([Event(notification.user_id, "notification", shown)])
    announce_unread(notification.user_id)


def read(user_id: int, notification_id: int) -> None:
    """One was read, here or on another page of the same person."""
    announce([Event(user_id, "notification_read", {"id": notification_id})])
    announce_unread(user_id)


def read_all(user_id: int, up_to: int) -> None:
    """Everything with an id up to `up_to` counts as read."""
    announce([Event(user_id, "notifications_read", {"up_to": up_to})])
    announce_unread(user_id)
