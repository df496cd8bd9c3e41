"""The engine on PostgreSQL full text: what matches a text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, ColumnElement, and_, any_, func, literal, not_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.search.models import SearchDocument
from app.search.postgres_pages import count_up_to, fenced
from app.search.query import Phrase, Query
from app.search.ranking import as_tsquery, render

READ_FOR_ROWS = 10_000
"""Jobs whose words are read to see whether a phrase of three words or more stands in a row: 15 microseconds each, far more from a disk.

A phrase whose pairs stand in more is looked up by these alone, so that no search costs more than that; a job that has all of them apart counts too.
"""

Conditions = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Matching:
    """SQL for what matches a text: `anywhere`, and `in_headline` what does so in the title, company or place as a whole."""

    anywhere: Conditions
    in_headline: Conditions


def read(text: Query, *, with_prefix: bool) -> Matching:
    """What matches. For phrases of three words or more two statements find which jobs have them, so that no later one need look again."""
    wishes = replace(text, excluded=())
    in_rows = _in_rows(wishes, with_prefix) if _is_long(text.phrases) else None
    conditions = [] if in_rows is None else [in_rows]
    refused: list[Phrase] = []
    for phrase in text.excluded:
        # Looked for only where the wishes are met; any one of several narrows nothing.
        both = Query(phrases=(phrase,)) if text.match_any else replace(wishes, phrases=(*text.phrases, phrase))
        having = _in_rows(both, with_prefix) if _is_long((phrase,)) else None
        if having is None:
            refused.append(phrase)
        else:
            conditions.append(not_(having))
    left = replace(text if in_rows is None else Query(), excluded=tuple(refused))
    anywhere = and_(roughly(left, with_prefix=with_prefix), *conditions)
    headline = SearchDocument.headline.bool_op("@@")(as_tsquery(render(wishes, with_prefix=with_prefix)))
    # Only for what is excluded is the whole text looked at.
    return Matching(anywhere, and_(headline, anywhere) if text.excluded else headline)


def roughly(text: Query, *, with_prefix: bool = False) -> Conditions:
    """The same from the index alone: of a longer phrase its pairs are enough."""
    if text.is_empty:
        return true()
    if text.has_wishes:
        return _has(render(text, with_prefix=with_prefix, is_rough=True))
    # The index knows which documents hold a word, not which do not: what only excludes is turned round.
    refused = " | ".join(render(Query(phrases=(phrase,)), is_rough=True) for phrase in text.excluded)
    return SearchDocument.job_id.not_in(select(SearchDocument.job_id).where(_has(refused)))


def _in_rows(wishes: Query, with_prefix: bool) -> Conditions | None:
    """The jobs that have the wishes, phrases in a row; None when too many would have to be looked into."""
    if (db.session.scalar(count_up_to(READ_FOR_ROWS + 1, roughly(wishes, with_prefix=with_prefix), "having")) or 0) > READ_FOR_ROWS:
        return None
    found = fenced(select(SearchDocument.job_id).where(_has(render(wishes, with_prefix=with_prefix))), "in_a_row")
    ids = db.session.scalar(select(func.array_agg(found.c.job_id))) or []
    return SearchDocument.job_id == any_(literal(ids, ARRAY(BigInteger)))


def _has(rendered: str) -> Conditions:
    return SearchDocument.words.bool_op("@@")(as_tsquery(rendered))


def _is_long(phrases: Sequence[Phrase]) -> bool:
    return any(len(phrase) > 2 for phrase in phrases)
