"""`/notifications/`: what the signed-in user was told."""

from apiflask import APIBlueprint

from app.core.auth import current_actor, require
from app.core.contract import accepts, queries, returns
from app.core.cursors import next_link
from app.core.unit_of_work import unit_of_work
from app.notifications import preferences, service
from app.notifications.schemas import Count, NotificationOut, NotificationPage, NotificationQuery, PreferencesOut, PreferencesPatch

blp = APIBlueprint("notifications", __name__, tag="Notifications")


@blp.get("/notifications/")
@require()
@queries(NotificationQuery)
@returns(NotificationPage)
def list_notifications(query: NotificationQuery) -> NotificationPage:
    """Your notifications, newest first; `next` carries a cursor."""
    user_id = current_actor().id
    rows = service.list_notifications(user_id, before_id=query.before_id, limit=query.limit, offset=query.offset, unread_only=query.unread_only)
    read_up_to = service.get_inbox(user_id).read_up_to
    shown = rows[: query.limit]
    following = next_link(query.limit, shown[-1].id) if len(rows) > query.limit else None
    return NotificationPage(next=following, previous=None, results=[NotificationOut.of(row, read_up_to=read_up_to) for row in shown])


@blp.get("/notifications/unread-count/")
@require()
@returns(Count)
def unread_count() -> Count:
    """How many notifications are unread."""
    return Count(count=service.get_inbox(current_actor().id).unread)


@blp.post("/notifications/<int:notification_id>/mark-read/")
@require()
@returns(NotificationOut)
def mark_read(notification_id: int) -> NotificationOut:
    """Mark one notification as read."""
    with unit_of_work():
        return NotificationOut.of(service.mark_read(current_actor().id, notification_id), read_up_to=0)


@blp.post("/notifications/mark-all-read/")
@require()
@returns(Count)
def mark_all_read() -> Count:
    """Mark everything as read; answers the new unread count."""
    with unit_of_work():
        service.mark_all_read(current_actor().id)
        return Count(count=0)


@blp.get("/notifications/preferences/")
@require()
@returns(PreferencesOut)
def get_preferences() -> PreferencesOut:
    """What you want to be told, by type and channel: in the application, by mail at once, in the daily mail."""
    return _preferences(current_actor().id)


@blp.patch("/notifications/preferences/")
@require()
@accepts(PreferencesPatch)
@returns(PreferencesOut)
def set_preferences(data: PreferencesPatch) -> PreferencesOut:
    """Change some of your preferences; what is not named stays. A channel that a type has not cannot be turned on."""
    user_id = current_actor().id
    with unit_of_work():
        preferences.set_preferences(user_id, data.preferences)
        return _preferences(user_id)


def _preferences(user_id: int) -> PreferencesOut:
    chosen, available = preferences.get_preferences(user_id), preferences.list_channels()
    return PreferencesOut(preferences=chosen, available=available, always=["account security mails", "receipts"])
