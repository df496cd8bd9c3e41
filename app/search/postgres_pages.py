"""The engine on PostgreSQL full text: the ids of one page, in order.

By relevance, at most `RANKED` jobs are scored. When more match, those are taken that have the whole query in title, company or place, unless
these are too few for `DEEPEST` places; and of what is still too much, the freshest.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, cast, func, literal, select, tuple_

from app.extensions import db
from app.search.criteria import DEEPEST, NEWEST, RELEVANCE
from app.search.engine import EngineQuery, SortKey
from app.search.keyset import key_of, select_sorted
from app.search.models import SearchDocument
from app.search.ranking import as_tsquery, first_score, full_score, render

NAME = "postgresql"
RANKED = 10_000

Conditions = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class IdPage:
    """The ids of a page, and where it ended; None when nothing follows."""

    ids: list[int]
    last: SortKey | None


def read(query: EngineQuery, matching: Conditions, total: int) -> IdPage:
    """One page of what matches, of which there are `total`."""
    query = replace(query, offset=0, after=query.after[1:]) if query.after and query.after[0] == NAME else replace(query, after=None)
    if query.offset >= total:
        return IdPage([], None)
    if query.after is not None:
        matching = and_(matching, SearchDocument.created_at <= query.as_of)
    is_ranked = query.ordering == RELEVANCE and query.text.has_wishes
    statement = _by_relevance(query, _ranked(query, matching, total)) if is_ranked else _sorted(query, matching)
    # One more than asked for tells whether anything follows.
    rows = db.session.execute(statement.limit(query.limit + 1).offset(query.offset)).all()
    shown = rows[: query.limit]
    return IdPage([row.job_id for row in shown], [NAME, *key_of(shown[-1])] if len(rows) > query.limit else None)


def _sorted(query: EngineQuery, matching: Conditions) -> Select[Any]:
    ordering = NEWEST if query.ordering == RELEVANCE else query.ordering
    return select_sorted(SearchDocument, SearchDocument.job_id, matching, ordering, query.after)


def _ranked(query: EngineQuery, matching: Conditions, total: int) -> Conditions:
    """What of the matches is scored."""
    if total <= RANKED:
        return matching
    headline = SearchDocument.headline.bool_op("@@")(as_tsquery(render(query.text, with_prefix=query.with_prefix)))
    in_headline = and_(matching, headline)
    number = db.session.scalar(select(func.count()).select_from(select(SearchDocument.job_id).where(in_headline).limit(RANKED + 1).subquery())) or 0
    if DEEPEST <= number <= RANKED:
        return in_headline
    return _freshest(matching if number < DEEPEST else in_headline)


def _freshest(matching: Conditions) -> Conditions:
    # The offset keeps the planner from walking the index of the newest, which would read the whole text of each job that it passes.
    times = select(SearchDocument.created_at).where(matching).offset(0).subquery()
    oldest = select(times.c.created_at).order_by(times.c.created_at.desc()).offset(RANKED).limit(1).scalar_subquery()
    return and_(matching, SearchDocument.created_at > oldest)


def _by_relevance(query: EngineQuery, matching: Conditions) -> Select[Any]:
    """The best by their first score, ordered by their whole text."""
    parameters: dict[str, Any] = {"with_prefix": query.with_prefix, "preferred": query.preferred_place, "as_of": query.as_of}
    score = first_score(query.text, **parameters)
    scored = select(SearchDocument.job_id, SearchDocument.created_at, score.label("score")).where(matching).subquery()
    best_first = (scored.c.score.desc(), scored.c.created_at.desc(), scored.c.job_id.desc())
    first = select(scored).order_by(*best_first).limit(DEEPEST).subquery()

    full = cast(first.c.score + full_score(query.text, **parameters), Float).label("full")
    read = select(full, first.c.created_at, first.c.job_id).join(SearchDocument, SearchDocument.job_id == first.c.job_id).subquery()
    ordered = select(read).order_by(read.c.full.desc(), read.c.created_at.desc(), read.c.job_id.desc())
    if query.after is None:
        return ordered
    full_value, created_at, job_id = query.after
    key = (literal(full_value, Float), literal(datetime.fromisoformat(str(created_at))), literal(job_id))
    return ordered.where(tuple_(read.c.full, read.c.created_at, read.c.job_id) < tuple_(*key))
