"""The results of comparing the indexes with the jobs, kept for operators and their monitoring."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, db
from app.search.drift import Drift


class SearchCheck(Model):
    """The newest comparison of one engine's index with the jobs: how many copies were missing, outdated, or of no public job."""

    __tablename__ = "search_checks"

    engine: Mapped[str] = mapped_column(db.String(16), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.clock_timestamp())
    missing: Mapped[int]
    outdated: Mapped[int]
    extra: Mapped[int]


def record(engine: str, drift: Drift) -> None:
    """Keep the result, in the open transaction."""
    values = {"missing": len(drift.missing), "outdated": len(drift.outdated), "extra": len(drift.extra), "checked_at": func.clock_timestamp()}
    statement = insert(SearchCheck).values(engine=engine, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=[SearchCheck.engine], set_=values))


def newest() -> list[SearchCheck]:
    """The newest result of each engine that was ever compared."""
    return list(db.session.scalars(select(SearchCheck).order_by(SearchCheck.engine)))
