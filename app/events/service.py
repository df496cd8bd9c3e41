"""Announcing a change to the people whose pages may be open.

The events are written last, as the transaction commits, with the people's locks taken in the order of their ids: so announcing cannot
deadlock, and holds nobody up for longer than a commit. What a transaction takes back it has not announced.
"""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import TextClause, delete, event, select, text
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.time_ids import first_id_of
from app.events import pending
from app.events.models import UserEvent
from app.events.pending import Event
from app.extensions import db
from streams.protocol import CHANNEL, KEPT_HOURS

UNREAD = "unread"
PURGED_AT_A_TIME = 20_000
# A notification of PostgreSQL carries up to 8,000 bytes; with more people than this it says "anybody".
_MOST_NAMED = 300

# Each person's head moves on by at least as many ids as anybody gets now, so that nobody's new ids touch the earlier ones.
_LOCK = text("""
WITH heads AS (
    INSERT INTO event_heads AS head (user_id, last_id)
    SELECT user_id, new_time_id() + :most FROM unnest(CAST(:people AS bigint[])) AS people (user_id)
    ON CONFLICT (user_id) DO UPDATE SET last_id = greatest(head.last_id + :most, excluded.last_id)
)
SELECT pg_notify(:channel, :named)
""")
# A statement of its own, so that it sees what those who held the locks before have committed.
_WRITE = """
INSERT INTO user_events (user_id, id, type, data)
SELECT news.user_id, head.last_id - behind, type, CASE WHEN type = :unread THEN jsonb_build_object({counts}) ELSE CAST(data AS jsonb) END
FROM (
    SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY place DESC) - 1 AS behind
    FROM unnest(CAST(:user_ids AS bigint[]), CAST(:types AS text[]), CAST(:data AS text[])) WITH ORDINALITY AS n (user_id, type, data, place)
) news JOIN event_heads head USING (user_id)
"""
_counts: dict[str, str] = {}


def count_unread_by(name: str, query: str) -> None:
    """Make `name` part of every unread event. `query` gives one number, or nothing for 0, for the person `news.user_id`."""
    _counts[name] = query


def announce(events: Iterable[Event]) -> None:
    """Tell open pages, once and only if the open transaction commits."""
    pending.collect(list(events))


def announce_unread(user_id: int) -> None:
    """Tell a person's open pages how much is unread, as it will be when the open transaction has committed."""
    pending.collect([Event(user_id, UNREAD, {})])


def purge_old(limit: int = PURGED_AT_A_TIME) -> int:
    """Delete up to `limit` of the events that no stream goes back to any more. Returns how many; call until it is fewer."""
    old = UserEvent.id < first_id_of(now() - timedelta(hours=KEPT_HOURS))
    some = select(UserEvent.user_id, UserEvent.id).where(old).order_by(UserEvent.id).limit(limit).cte("some")
    gone = delete(UserEvent).where(UserEvent.user_id == some.c.user_id, UserEvent.id == some.c.id).returning(UserEvent.id)
    return len(db.session.execute(gone, execution_options={"synchronize_session": False}).all())


@event.listens_for(db.session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return
    events = _counted_last(pending.take(session))
    if not events:
        return
    session.flush()
    of_each = Counter(found.user_id for found in events)
    named = ",".join(map(str, sorted(of_each))) if len(of_each) <= _MOST_NAMED else ""
    most = max(of_each.values())
    session.execute(_LOCK, {"people": sorted(of_each), "most": most, "channel": CHANNEL, "named": named})
    session.execute(
        _statement(),
        {
            "user_ids": [found.user_id for found in events],
            "types": [found.type for found in events],
            "data": [json.dumps(found.data, ensure_ascii=False) for found in events],
            "unread": UNREAD,
        },
    )


def _counted_last(events: list[Event]) -> list[Event]:
    """Each person's unread counts once, after what changed them."""
    counted = dict.fromkeys(found.user_id for found in events if found.type == UNREAD)
    return [*(found for found in events if found.type != UNREAD), *(Event(user_id, UNREAD, {}) for user_id in counted)]


def _statement() -> TextClause:
    counts = ", ".join(f"'{name}', coalesce(({query}), 0)" for name, query in sorted(_counts.items()))
    return text(_WRITE.format(counts=counts))
