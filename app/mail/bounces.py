"""Addresses to which nothing can be delivered, and the rule of who is written to all the same.

An address is noted when a server refuses it for good (`app.mail.smtp`) or reports so later (`app.mail.reports`). From then on it gets only what
its owner has just asked for and nobody else can answer: the link that confirms an address and the one that sets a password. Following such a
link proves that mail arrives, and clears the note; so does `flask mail forgive`.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.text import storable
from app.extensions import Model, db


class Source(StrEnum):
    """The server's own reply, or a delivery report that came back."""

    REPLY = "REPLY"
    REPORT = "REPORT"


class MailBounce(Model):
    """An address in lower case, and why it is not written to. `task_id` is the mail's task."""

    __tablename__ = "mail_bounces"

    address: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    source: Mapped[Source] = mapped_column(db.String(8))
    task_id: Mapped[int] = mapped_column(BigInteger)
    noted_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.now())


def note(address: str, reason: str, source: Source, task_id: int) -> None:
    """Remember that the address does not exist; the latest reason stands."""
    told = {"reason": storable(reason)[:500], "source": source, "task_id": task_id, "noted_at": func.now()}
    noted = insert(MailBounce).values(address=address.lower(), **told)
    db.session.execute(noted.on_conflict_do_update(index_elements=[MailBounce.address], set_=told))


def is_noted(address: str) -> bool:
    """Whether mail to the address came back."""
    return db.session.get(MailBounce, address.lower()) is not None


def clear(address: str) -> bool:
    """Write to the address again; whether it was noted."""
    return db.session.scalar(delete(MailBounce).where(MailBounce.address == address.lower()).returning(MailBounce.address)) is not None


def recent(limit: int) -> Sequence[MailBounce]:
    """The latest notes."""
    return db.session.scalars(select(MailBounce).order_by(MailBounce.noted_at.desc(), MailBounce.address).limit(limit)).all()


def count() -> int:
    """How many addresses are noted."""
    return db.session.scalar(select(func.count()).select_from(MailBounce)) or 0
