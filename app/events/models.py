"""The log of events, kept for a day, and the newest event id of each person."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, db


class UserEvent(Model):
    """One thing that one person's open pages are told. Ids encode time and ascend for each person in the order of the commits."""

    __tablename__ = "user_events"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The index of its own serves the purge of old ones.
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    type: Mapped[str] = mapped_column(db.String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class EventHead(Model):
    """A person's newest event id. Its row lock, held until the commit, is what makes ids ascend in the order of the commits."""

    __tablename__ = "event_heads"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    last_id: Mapped[int] = mapped_column(BigInteger)
