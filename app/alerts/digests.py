"""The second half of an edition: for each person, what is new in all the own alerts together; one mail and one notification.

Some people at a time, by a handful of statements however many alerts and jobs they have. The cursor, the marks of what was sent, the digests, and
the tasks that mail and notify commit together: whatever dies, nobody is left out and nobody is told twice.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from app.accounts.models import User
from app.alerts import editions
from app.alerts.models import AlertDigest, AlertEdition, AlertMatch, AlertSent, EditionState, Frequency, JobAlert
from app.core.clock import now
from app.core.outbox import enqueue_each
from app.extensions import db
from app.notifications.models import NotificationType
from app.notifications.preferences import Channel, wants
from app.notifications.service import News, tell_each

# Two tasks a person stand in the default queue before the next slice, so that a password's mail waits for no more than these.
PEOPLE_AT_A_TIME = 250

LISTED = 20
"""Jobs that a digest lists; the rest is counted, and found on the board."""


def digest_slice(edition: AlertEdition) -> bool:
    """Make the digests of the next people of a locked edition; False when none is left."""
    if edition.state != EditionState.DIGESTING:
        return False
    following = select(JobAlert.user_id).where(editions.is_active(), JobAlert.user_id > edition.last_user_id)
    people = db.session.scalars(following.distinct().order_by(JobAlert.user_id).limit(PEOPLE_AT_A_TIME)).all()
    if not people:
        edition.state, edition.finished_at = EditionState.DONE, now()
        return False
    rows = _mark_sent(edition, people)
    if rows:
        _leave_word(edition.day, rows)
    edition.digests += len(rows)
    edition.jobs_sent += sum(len(row.job_ids) for row in rows)
    edition.last_user_id, edition.people_done = people[-1], edition.people_done + len(people)
    return True


def _mark_sent(edition: AlertEdition, people: Sequence[int]) -> Sequence[Row[Any]]:
    """Per person who has news: user_id, how many jobs were `found`, and the `job_ids` that are listed and now count as sent."""
    new = _new_jobs(edition, people)
    listed = new.c.place <= LISTED
    marks = select(new.c.user_id, new.c.job_id, db.literal(edition.day)).where(listed)
    marked = insert(AlertSent).from_select(["user_id", "job_id", "day"], marks).on_conflict_do_nothing().returning(AlertSent.job_id).cte("marked")
    in_order = func.array_agg(aggregate_order_by(new.c.job_id, new.c.place)).filter(listed)
    return db.session.execute(
        select(new.c.user_id, func.count().label("found"), in_order.label("job_ids")).group_by(new.c.user_id).order_by(new.c.user_id).add_cte(marked)
    ).all()


def _new_jobs(edition: AlertEdition, people: Sequence[int]) -> Subquery:
    """The jobs that are news to these people, each once, with its `place` in the digest: what was opened last comes first."""
    due = and_(JobAlert.user_id.in_(people), _is_due(edition), AlertMatch.opened_at > JobAlert.since)
    reachable = and_(User.is_active, User.job_alerts_enabled)
    was_sent = select(AlertSent.job_id).where(AlertSent.user_id == JobAlert.user_id, AlertSent.job_id == AlertMatch.job_id).exists()
    joined = select(JobAlert.user_id, AlertMatch.job_id, AlertMatch.opened_at).join(AlertMatch, AlertMatch.search_id == JobAlert.search_id)
    found = joined.join(User, User.id == JobAlert.user_id).where(due, reachable, ~was_sent).distinct().subquery()
    place = func.row_number().over(partition_by=found.c.user_id, order_by=(found.c.opened_at.desc(), found.c.job_id.desc()))
    return select(found.c.user_id, found.c.job_id, place.label("place")).subquery()


def _is_due(edition: AlertEdition) -> ColumnElement[bool]:
    daily = and_(JobAlert.frequency == Frequency.DAILY, AlertMatch.day == edition.day)
    if edition.weekly_after is None:
        return daily
    weekly = and_(JobAlert.frequency == Frequency.WEEKLY, AlertMatch.day > edition.weekly_after, AlertMatch.day <= edition.day)
    return or_(daily, weekly)


def _leave_word(day: date, rows: Sequence[Row[Any]]) -> None:
    digests = [{"user_id": row.user_id, "day": day, "found": row.found} for row in rows]
    db.session.execute(insert(AlertDigest).values(digests).on_conflict_do_nothing())
    by_mail = wants([row.user_id for row in rows], NotificationType.JOB_MATCH, Channel.DIGEST)
    mails = {f"mail.job_digest:{user_id}:{day}": {"user_id": user_id, "day": day.isoformat()} for user_id in sorted(by_mail)}
    enqueue_each("mail.job_digest", mails)
    tell_each(_news(day, rows))


def _news(day: date, rows: Sequence[Row[Any]]) -> Mapping[str, News]:
    return {
        f"alerts.news:{row.user_id}:{day}": News(
            user_id=row.user_id,
            type=NotificationType.JOB_MATCH,
            title=f"{row.found} việc làm mới phù hợp với bạn",
            message="Việc làm mới từ các tìm kiếm bạn đã lưu.",
            link="/job-alerts",
            data={"day": day.isoformat(), "count": row.found, "job_ids": row.job_ids},
        )
        for row in rows
    }
