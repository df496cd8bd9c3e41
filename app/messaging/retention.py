"""What happens around a month of messages that leaves: unread counters forget it, its attachments go with it."""

from sqlalchemy import Select, and_, func, select, table, tuple_, update
from sqlalchemy import column as named

from app.core import file_purge
from app.core.partition_leaving import Owner, owned_by
from app.core.partitions import month_of
from app.core.storage import StoredFile
from app.core.time_ids import first_id_of, time_of
from app.extensions import db
from app.messaging.models import Message, Participant

BATCH = 1000


def register() -> None:
    """Tell the retirement of months what this feature knows about messages."""
    owned_by("messages", Owner(uncount, discard))


def uncount(partition: str, place: int) -> int | None:
    """Count anew, without the month, what the participants of conversations from number `place` on have not read.

    Their read marks move past the month, so that a second run finds nothing to do. The rows are locked in the order in which a new
    message locks them, and only then counted.
    """
    boundary = first_id_of(month_of(partition).plus(1).start)
    behind = select(Participant.conversation_id, Participant.user_id).where(
        Participant.conversation_id >= place, Participant.unread > 0, Participant.read_up_to < boundary - 1
    )
    in_order = behind.order_by(Participant.conversation_id, Participant.user_id).limit(BATCH)
    found = db.session.execute(in_order.with_for_update()).all()
    if found:
        mine = tuple_(Participant.conversation_id, Participant.user_id).in_([tuple(row) for row in found])
        db.session.execute(update(Participant).where(mine).values(read_up_to=boundary - 1, unread=_still_unread(boundary).scalar_subquery()))
    # The last conversation's other side may be in the next batch.
    return found[-1].conversation_id if len(found) == BATCH else None


def discard(partition: str, place: int) -> int | None:
    """Remove the files that came with the month's messages after the id `place`: nobody can reach them any more."""
    month = table(partition, named("id"), named("attachment_id"))
    query = select(month.c.id, month.c.attachment_id).where(month.c.id > place, month.c.attachment_id.is_not(None))
    found = db.session.execute(query.order_by(month.c.id).limit(BATCH)).all()
    for file in db.session.scalars(select(StoredFile).where(StoredFile.id.in_([row.attachment_id for row in found]))):
        file_purge.discard(file)
    return found[-1].id if len(found) == BATCH else None


def _still_unread(boundary: int) -> Select[int]:
    # One's own messages are never unread; the bound on the time keeps the count to the months that are left.
    theirs = and_(Message.conversation_id == Participant.conversation_id, Message.sender_id != Participant.user_id)
    later = and_(Message.id >= boundary, Message.created_at >= time_of(boundary))
    return select(func.count()).select_from(Message).where(theirs, later).correlate(Participant)
