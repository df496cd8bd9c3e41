"""The engine on PostgreSQL full text: the ids of one page, in order.

By relevance, at most `RANKED` jobs are scored. When more match, those are taken that have the whole query in title, company or place, unless
these are too few for `DEEPEST` places; and of what is still too much, the freshest.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Float, Select, and_, any_, cast, func, literal, select, tuple_

from app.extensions import db
from app.search.criteria import DEEPEST, NEWEST, RELEVANCE
from app.search.engine import EngineQuery, SortKey
from app.search.keyset import key_of, select_sorted
from app.search.models import SearchDocument
from app.search.ranking import first_score, full_score

NAME = "postgresql"
RANKED = 10_000

Conditions = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class IdPage:
    """The ids of a page, and where it ended; None when nothing follows."""

    ids: list[int]
    last: SortKey | None


def read(query: EngineQuery, matching: Conditions, in_headline: Conditions, total: int) -> IdPage:
    """One page of what matches, of which there are `total`; `in_headline` is what matches there already."""
    query = replace(query, offset=0, after=query.after[1:]) if query.after and query.after[0] == NAME else replace(query, after=None)
    if query.offset >= total:
        return IdPage([], None)
    if query.after is not None:
        matching, in_headline = (and_(condition, SearchDocument.created_at <= query.as_of) for condition in (matching, in_headline))
    is_ranked = query.ordering == RELEVANCE and query.text.has_wishes
    statement = _by_relevance(query, _ranked(matching, in_headline, total)) if is_ranked else _sorted(query, matching)
    # One more than asked for tells whether anything follows.
    rows = db.session.execute(statement.limit(query.limit + 1).offset(query.offset)).all()
    shown = rows[: query.limit]
    return IdPage([row.job_id for row in shown], [NAME, *key_of(shown[-1])] if len(rows) > query.limit else None)


def _sorted(query: EngineQuery, matching: Conditions) -> Select[Any]:
    ordering = NEWEST if query.ordering == RELEVANCE else query.ordering
    statement = select_sorted(SearchDocument, SearchDocument.job_id, matching, ordering, query.after)
    if not query.text.has_wishes:
        return statement
    found = fenced(statement.order_by(None), "found")
    is_falling = ordering.startswith("-")
    value, tie = (column.desc() if is_falling else column.asc() for column in (found.c.value, found.c.job_id))
    return select(found).order_by(value.nulls_last(), tie)


def _ranked(matching: Conditions, in_headline: Conditions, total: int) -> Conditions:
    """What of the matches is scored."""
    if total <= RANKED:
        return matching
    number = db.session.scalar(count_up_to(RANKED + 1, in_headline, "in_headline")) or 0
    if DEEPEST <= number <= RANKED:
        return in_headline
    return _freshest(matching if number < DEEPEST else in_headline)


def _freshest(matching: Conditions) -> Conditions:
    found = fenced(select(SearchDocument.job_id, SearchDocument.created_at).where(matching), "found")
    freshest = select(found.c.job_id).order_by(found.c.created_at.desc(), found.c.job_id.desc()).limit(RANKED)
    return SearchDocument.job_id == any_(func.array(freshest.scalar_subquery()))


def count_up_to(most: int, matching: Conditions, name: str) -> Select[int]:
    """How many documents match, counted no further than `most`."""
    found = fenced(select(SearchDocument.job_id).where(matching), name)
    return select(func.count()).select_from(select(found.c.job_id).limit(most).subquery())


def fenced(statement: Select[*tuple[Any, ...]], name: str) -> CTE:
    """The statement planned by itself, as if all of its rows were wanted.

    A planner that knows of a limit, or of an order, finds it cheaper to go through the table until there are rows enough: it does not know that
    each row's words are kept out of line.
    """
    return statement.cte(name).prefix_with("MATERIALIZED")


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
