"""A day's edition: when it begins, and what it has done so far.

Matching begins at 07:00 in the market's time zone and looks at the jobs that were opened since each search's last run; mails go out from 08:00. An
edition that could not begin in time begins later on the same day, or the next day's finds its jobs too.
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts.models import User
from app.alerts.models import AlertDigest, AlertEdition, AlertMatch, AlertSearch, AlertSent, Frequency, JobAlert
from app.core.clock import MARKET_ZONE
from app.core.outbox import Task, TaskState, enqueue
from app.core.unit_of_work import take_your_time
from app.extensions import db

MATCH = "alerts.match"
DIGEST = "alerts.digest"

MATCH_FROM, SEND_FROM, LATEST = time(7), time(8), time(21)
WEEKLY_ON = 0
"""Monday."""

# What was committed so long ago has reached the search index, unless the search queue itself is behind.
INDEX_MARGIN = timedelta(minutes=10)
KEEP_MATCHES, KEEP_SENT = timedelta(days=21), timedelta(days=90)


def begin_due(moment: datetime) -> date | None:
    """Begin the edition of this day if it is time, none was begun and the search index has caught up; return its day."""
    local = moment.astimezone(MARKET_ZONE)
    if not MATCH_FROM <= local.time() < LATEST or db.session.get(AlertEdition, local.date()) is not None:
        return None
    people = _count(select(JobAlert.user_id).where(is_active()).distinct())
    if not people or _index_is_behind(moment - INDEX_MARGIN):
        return None
    searches = _count(select(AlertSearch.id).where(has_readers()))
    weekly_after = _weekly_after(local.date())
    edition = {"day": local.date(), "cutoff": moment - INDEX_MARGIN, "weekly_after": weekly_after, "searches": searches, "people": people}
    begun = insert(AlertEdition).values(edition).on_conflict_do_nothing().returning(AlertEdition.day)
    if db.session.scalar(begun) is None:
        return None
    enqueue(MATCH, {"day": local.date().isoformat()})
    return local.date()


def lock(day: str) -> AlertEdition:
    """The edition of an ISO date, its row locked."""
    query = select(AlertEdition).where(AlertEdition.day == date.fromisoformat(day)).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def leave_digests(edition: AlertEdition, moment: datetime) -> None:
    """All searches were run: have the digests made at their hour."""
    enqueue(DIGEST, {"day": edition.day.isoformat()}, delay=until_mails(edition, moment))


def until_mails(edition: AlertEdition, moment: datetime) -> timedelta:
    """How long the mails of the edition have to wait; nothing when their hour has come."""
    return max(timedelta(), datetime.combine(edition.day, SEND_FROM, MARKET_ZONE) - moment)


def is_active() -> ColumnElement[bool]:
    """SQL: the alert is not resting. Whether its owner wants alerts at all is asked when the digest is made, and again when it is sent."""
    return JobAlert.frequency != Frequency.OFF


def has_readers() -> ColumnElement[bool]:
    """SQL: somebody waits for what the search finds."""
    wanted = and_(JobAlert.search_id == AlertSearch.id, is_active(), User.id == JobAlert.user_id, User.is_active, User.job_alerts_enabled)
    return select(JobAlert.id).where(wanted).exists()


def recent(limit: int) -> list[AlertEdition]:
    """The latest editions, the newest first."""
    return list(db.session.scalars(select(AlertEdition).order_by(AlertEdition.day.desc()).limit(limit)))


def mails_by_state(day: date) -> dict[str, int]:
    """How many of the day's mail tasks are in each state; finished ones disappear after some days."""
    of_day = and_(Task.name == "mail.job_digest", Task.args["day"].astext == day.isoformat())
    rows = db.session.execute(select(Task.state, func.count()).where(of_day).group_by(Task.state))
    return {TaskState(state).value: number for state, number in rows}


def purge(moment: datetime) -> int:
    """Drop old matches and old marks of what was sent, the matches first, so that nothing comes twice; return how many matches."""
    take_your_time()
    day = moment.astimezone(MARKET_ZONE).date()
    gone = db.session.execute(delete(AlertMatch).where(AlertMatch.day < day - KEEP_MATCHES).returning(AlertMatch.job_id)).all()
    for kind in (AlertSent, AlertDigest):
        db.session.execute(delete(kind).where(kind.day < day - KEEP_SENT))
    unused = ~select(JobAlert.id).where(JobAlert.search_id == AlertSearch.id).exists()
    # A search that somebody is just saving is new.
    old = AlertSearch.matched_until < moment - timedelta(days=1)
    db.session.execute(delete(AlertSearch).where(unused, old).execution_options(synchronize_session=False))
    return len(gone)


def _weekly_after(day: date) -> date | None:
    """The day of the last weekly round if one is due: on Monday, or later in a week whose Monday was missed."""
    monday = day - timedelta(days=(day.weekday() - WEEKLY_ON) % 7)
    last = db.session.scalar(select(func.max(AlertEdition.day)).where(AlertEdition.weekly_after.is_not(None)))
    if last is not None and last >= monday:
        return None
    # No further back than matches are kept; nobody waits for older ones.
    return max(last or monday - timedelta(days=7), day - KEEP_MATCHES)


def _index_is_behind(moment: datetime) -> bool:
    unfinished = Task.state.in_([TaskState.PENDING, TaskState.SENT, TaskState.RUNNING])
    # Of the engine that is asked; the other's tasks wait for as long as Elasticsearch is away.
    waiting = select(Task.id).where(Task.name == "search.index_job", unfinished, Task.created_at < moment)
    return db.session.scalar(select(waiting.exists())) or False


def _count(query: Select[int]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
