"""What happens around a month of notifications that leaves: the unread counters forget it."""

from sqlalchemy import func, select, update

from app.core.partition_leaving import Owner, owned_by
from app.core.partitions import month_of
from app.core.time_ids import first_id_of, time_of
from app.extensions import db
from app.notifications.models import Inbox, Notification

BATCH = 1000


def register() -> None:
    """Tell the retirement of months what this feature knows about notifications."""
    owned_by("notifications", Owner(uncount, discard))


def uncount(partition: str, place: int) -> int | None:
    """Count anew, without the month, what users above the id `place` have not read; their read marks move past the month.

    A delivery and a reading lock the inbox first, so what is counted behind the lock is exact.
    """
    boundary = first_id_of(month_of(partition).plus(1).start)
    behind = select(Inbox.user_id).where(Inbox.user_id > place, Inbox.unread > 0, Inbox.read_up_to < boundary - 1)
    found = db.session.scalars(behind.order_by(Inbox.user_id).limit(BATCH).with_for_update()).all()
    if found:
        later = (Notification.user_id == Inbox.user_id, Notification.id >= boundary, Notification.created_at >= time_of(boundary))
        unread = select(func.count()).select_from(Notification).where(*later, ~Notification.is_read).correlate(Inbox)
        db.session.execute(update(Inbox).where(Inbox.user_id.in_(found)).values(read_up_to=boundary - 1, unread=unread.scalar_subquery()))
    return found[-1] if len(found) == BATCH else None


def discard(partition: str, place: int) -> int | None:
    """Nothing hangs on a notification."""
    return None
