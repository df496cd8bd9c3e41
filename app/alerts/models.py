"""Saved searches, what they matched, and who was told of it in which day's edition."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.clock import now
from app.extensions import Model, db


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    OFF = "OFF"


class EditionState(StrEnum):
    MATCHING = "MATCHING"
    DIGESTING = "DIGESTING"
    DONE = "DONE"


class AlertSearch(Model):
    """A distinct search, however many people have saved it. Jobs that were opened up to `matched_until` have been looked at."""

    __tablename__ = "alert_searches"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(db.String(64), unique=True)
    criteria: Mapped[dict[str, Any]] = mapped_column(JSONB)
    matched_until: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now)


class JobAlert(Model):
    """What a person has saved, as it was typed. Only jobs that were opened after `since` are news to this person."""

    __tablename__ = "job_alerts"
    __table_args__ = (UniqueConstraint("user_id", "search_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    search_id: Mapped[int] = mapped_column(ForeignKey("alert_searches.id"), index=True)
    query: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    frequency: Mapped[Frequency] = mapped_column(db.String(8))
    since: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now)
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now, onupdate=now, server_default=func.now())

    search: Mapped[AlertSearch] = relationship()


class AlertMatch(Model):
    """A job that a search found in the edition of `day`. No foreign key to the job: what is gone is seen when the mail is written."""

    __tablename__ = "alert_matches"
    __table_args__ = (Index("ix_alert_matches_day", "day"),)

    search_id: Mapped[int] = mapped_column(ForeignKey("alert_searches.id", ondelete="CASCADE"), primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date]
    opened_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True))


class AlertEdition(Model):
    """One day's work and how far it has come; the cursors move with the effects that they stand for.

    `cutoff` is the opening time up to which jobs are looked at. With `weekly_after`, weekly alerts are due for the days after it.
    """

    __tablename__ = "alert_editions"

    day: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[EditionState] = mapped_column(db.String(16), default=EditionState.MATCHING)
    cutoff: Mapped[datetime] = mapped_column(db.DateTime(timezone=True))
    weekly_after: Mapped[date | None]
    searches: Mapped[int]
    searches_done: Mapped[int] = mapped_column(default=0)
    last_search_id: Mapped[int] = mapped_column(BigInteger, default=0)
    people: Mapped[int]
    people_done: Mapped[int] = mapped_column(default=0)
    last_user_id: Mapped[int] = mapped_column(BigInteger, default=0)
    matches: Mapped[int] = mapped_column(BigInteger, default=0)
    digests: Mapped[int] = mapped_column(default=0)
    jobs_sent: Mapped[int] = mapped_column(BigInteger, default=0)
    started_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), default=now)
    matched_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))


class AlertDigest(Model):
    """One person's digest of a day: there is one at most. `found` counts what was new, of which the mail lists the first."""

    __tablename__ = "alert_digests"
    __table_args__ = (Index("ix_alert_digests_day", "day"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    found: Mapped[int]


class AlertSent(Model):
    """A job that a person was told of, and on which day; nobody is told of a job twice."""

    __tablename__ = "alert_sent"
    __table_args__ = (Index("ix_alert_sent_day", "day"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date]
