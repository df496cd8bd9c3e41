"""How well a document answers a query, as SQL.

Every match gets a first score from its headline, which is short and stored in the row. The best `RERANKED` are scored again with the whole
text, so that the cost of a common word is bounded. Title counts over company and place, those over the rest; words as they were typed, with
their accents, over the folded form; words near each other over scattered ones; a fresh job a little over a stale one.
"""

from sqlalchemy import ColumnElement, Float, SQLColumnExpression, case, cast, func, literal, literal_column
from sqlalchemy.dialects.postgresql import ARRAY, REAL, REGCONFIG

from app.core.clock import now
from app.search.conditions import at_place
from app.search.criteria import Place
from app.search.models import SearchDocument
from app.search.query import Query
from app.search.tsquery import to_tsquery

RERANKED = 300
"""Documents whose whole text is read for the order of one query."""

ACCENT = 0.5
"""What a match with the typed accents adds, as a share of its score."""

PLACE = 1.3
"""By how much a job at the preferred place is raised."""

_FRESHNESS, _DAYS = 0.2, 30
"""The share of the score that fades with age, and the days in which it falls to 1/e."""

# For D, C, B, A, as `ts_rank` takes them; and its normalisation 1: divided by 1 + log(length), so that a longer title needs more matches.
_WEIGHTS = literal_column("'{0.1,0.15,0.4,1.0}'::real[]", ARRAY(REAL))
_BY_LENGTH = 1
Vector = SQLColumnExpression[str | None]
_SIMPLE = literal_column("'simple'", REGCONFIG)


def as_tsquery(rendered: str) -> ColumnElement[object]:
    """SQL for a query as `to_tsquery` of `app.search.tsquery` renders it."""
    return func.to_tsquery(_SIMPLE, rendered)


def first_score(query: Query, *, with_prefix: bool, preferred: Place | None) -> ColumnElement[float]:
    """The score of the headline, with freshness and place."""
    return _score(SearchDocument.headline, SearchDocument.headline, query, with_prefix=with_prefix) * _freshness() * _nearness(preferred)


def full_score(query: Query, *, with_prefix: bool, preferred: Place | None) -> ColumnElement[float]:
    """What the whole text adds to the first score."""
    return _score(SearchDocument.words, SearchDocument.exact, query, with_prefix=with_prefix) * _freshness() * _nearness(preferred)


def _score(folded: Vector, exact: Vector, query: Query, *, with_prefix: bool) -> ColumnElement[float]:
    plain = to_tsquery(query, with_prefix=with_prefix)
    typed = to_tsquery(query, with_accents=True, with_prefix=with_prefix)
    score = _rank(folded, plain)
    return score if typed == plain else score + ACCENT * _rank(exact, typed)


def _rank(vector: Vector, rendered: str) -> ColumnElement[float]:
    return cast(func.ts_rank(_WEIGHTS, vector, as_tsquery(rendered), _BY_LENGTH), Float)


def _freshness() -> ColumnElement[float]:
    age = func.greatest(func.extract("epoch", literal(now()) - SearchDocument.created_at), 0) / 86_400
    return 1 - _FRESHNESS + _FRESHNESS * func.exp(-cast(age, Float) / _DAYS)


def _nearness(preferred: Place | None) -> ColumnElement[float]:
    return literal(1.0) if preferred is None else case((at_place(SearchDocument, preferred), PLACE), else_=1.0)
