"""How well a document answers a query, as SQL.

Each term counts in the title, and less in the company's name or the place; met with the accents as they were typed it counts more, and so do
terms that stand in a row. A short title comes before a long one, a fresh job a little before a stale one. Matches get this score from their
headline, which is short and stored in the row. The best are ordered once more with their whole text, so that the cost of a common word is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import add

from sqlalchemy import ColumnElement, Float, SQLColumnExpression, case, cast, func, literal, literal_column
from sqlalchemy.dialects.postgresql import ARRAY, REAL, TSQUERY

from app.search.conditions import at_place
from app.search.criteria import Place
from app.search.expressions import glued
from app.search.models import SearchDocument
from app.search.query import Query
from app.search.tsquery import to_tsquery
from app.search.weights import ACCENTS, DAYS, FRESHNESS, HEADLINE, IN_A_ROW, LENGTH, LETTERS, PLACE, TITLE, WHOLE_TEXT

# For D, C, B, A, as `ts_rank` takes them.
_WEIGHTS = literal_column("'{0.1,0.15,0.4,1.0}'::real[]", ARRAY(REAL))
_LEXEME = re.compile(r"('[^']+')(?::(\*))?")

Number = ColumnElement[float]
Vector = SQLColumnExpression[str | None]


def render(query: Query, *, with_prefix: bool = False, is_rough: bool = False) -> str:
    """The folded query as text for `as_tsquery`, its synonyms and phrases as the lexemes that the index has for them."""
    return to_tsquery(glued(query), with_prefix=with_prefix, with_pairs=True, is_rough=is_rough)


def as_tsquery(rendered: str) -> ColumnElement[object]:
    """SQL for a query as `to_tsquery` of `app.search.tsquery` renders it. Its words need no parser: the text pipeline made them."""
    return cast(rendered, TSQUERY)


def first_score(query: Query, *, with_prefix: bool, preferred: Place | None, as_of: datetime) -> Number:
    """The score of the headline, from 0 to some 2."""
    headline = SearchDocument.headline
    parts = list(_parts(query))
    score = reduce(add, (_place_of(render(part, with_prefix=with_prefix)) for part in parts)) / len(parts)
    typed = to_tsquery(query, with_accents=True, with_prefix=with_prefix)
    if _has_accents(query):
        score += _if_met(headline, typed, ACCENTS)
    return (score + _if_in_a_row(headline, query, IN_A_ROW)) * _gentle_factors(preferred, as_of)


def full_score(query: Query, *, with_prefix: bool, preferred: Place | None, as_of: datetime) -> Number:
    """What the whole text adds to the first score."""
    words, plain = SearchDocument.words, render(query, with_prefix=with_prefix)
    typed = to_tsquery(query, with_accents=True, with_prefix=with_prefix)
    score = WHOLE_TEXT * cast(func.ts_rank(_WEIGHTS, words, as_tsquery(plain)), Float) + _if_in_a_row(words, query, IN_A_ROW / 2)
    if _has_accents(query):
        score += _if_met(SearchDocument.exact, typed, ACCENTS / 2)
    return score * _gentle_factors(preferred, as_of)


def _has_accents(query: Query) -> bool:
    return to_tsquery(query, with_accents=True) != to_tsquery(query)


def _parts(query: Query) -> Iterator[Query]:
    """A query for each wish alone."""
    yield from (replace(query, terms=(term,), phrases=(), excluded=()) for term in query.terms)
    yield from (replace(query, terms=(), phrases=(phrase,), excluded=()) for phrase in query.phrases)


def _place_of(rendered: str) -> Number:
    in_title = _LEXEME.sub(lambda match: f"{match[1]}:{match[2] or ''}A", rendered)
    headline = SearchDocument.headline.bool_op("@@")
    return case((headline(as_tsquery(in_title)), TITLE), (headline(as_tsquery(rendered)), HEADLINE), else_=0.0)


def _if_met(vector: Vector, rendered: str, value: float) -> Number:
    return case((vector.bool_op("@@")(as_tsquery(rendered)), value), else_=0.0)


def _if_in_a_row(vector: Vector, query: Query, value: float) -> Number:
    typed = tuple(word for term in query.terms for word in term.words)
    return _if_met(vector, to_tsquery(Query(phrases=(typed,))), value) if len(typed) > 1 else literal(0.0)


def _gentle_factors(preferred: Place | None, as_of: datetime) -> Number:
    age = func.greatest(func.extract("epoch", literal(as_of) - SearchDocument.created_at), 0) / 86_400
    fresh = 1 - FRESHNESS + FRESHNESS * func.exp(-cast(age, Float) / DAYS)
    short = 1 - LENGTH * cast(func.least(func.length(SearchDocument.title), LETTERS), Float) / LETTERS
    near = literal(1.0) if preferred is None else case((at_place(SearchDocument, preferred), PLACE), else_=1.0)
    return fresh * short * near
