"""What the notification routes take and give."""

from datetime import datetime
from typing import Any

from pydantic import StrictBool

from app.core.cursors import CursorQuery
from app.core.schemas import InModel, OutModel
from app.notifications.models import Level, Notification, NotificationType
from app.notifications.preferences import Channel


class NotificationQuery(CursorQuery):
    unread_only: bool = False


class NotificationOut(OutModel):
    """`is_read` is also true for what came before the last read-all."""

    id: int
    type: NotificationType
    level: Level
    title: str
    message: str
    link: str | None
    data: dict[str, Any]
    is_read: bool
    created_at: datetime

    @classmethod
    def of(cls, notification: Notification, *, read_up_to: int) -> "NotificationOut":
        """The public view, given how far its owner has read."""
        out = cls.model_validate(notification)
        out.is_read = notification.is_read or notification.id <= read_up_to
        return out


class NotificationPage(OutModel):
    """Newest first; `next` carries the cursor, or is null at the end."""

    next: str | None
    previous: str | None
    results: list[NotificationOut]


class Count(OutModel):
    count: int


class PreferencesPatch(InModel):
    """Only what changes: `{"preferences": {"NEW_MESSAGE": {"in_app": false}}}`."""

    preferences: dict[NotificationType, dict[Channel, StrictBool]]


class PreferencesOut(OutModel):
    """Every type and channel; `available` lists the channels that a type has, `always` the mails that no preference turns off."""

    preferences: dict[NotificationType, dict[Channel, bool]]
    available: dict[NotificationType, list[Channel]]
    always: list[str]
