"""How well a document answers a query, as Elasticsearch's query DSL: the same parts and weights as in PostgreSQL's `ranking`.

No part depends on the other documents, as BM25 does: a score stays what it was when other jobs come and go, and a page goes on where the one before
ended.
"""

from collections.abc import Iterator
from datetime import datetime
from math import e
from typing import Any

from app.search.criteria import Place
from app.search.elastic.matching import Clause, at_place, every, in_a_row, prefix_of, term_clause, text_clauses
from app.search.query import Query
from app.search.weights import ACCENTS, DAYS, FRESHNESS, HEADLINE, IN_A_ROW, PLACE, TITLE, WHOLE_TEXT

_ANYWHERE = WHOLE_TEXT / 10
"""What a term counts wherever it stands; of PostgreSQL's rank of the whole text, this is what one word in a description comes to."""


def scored(filters: list[Clause], text: Query, *, with_prefix: bool, preferred: Place | None, as_of: datetime) -> Clause:
    """The query that matches `filters` and gives every match its score."""
    parts = [*_wishes(text, with_prefix), *_accents(text, with_prefix), *_rows(text)]
    return _gently({"bool": {"filter": filters, "should": parts}}, preferred, as_of)


def _constant(clause: Clause, boost: float) -> Clause:
    return {"constant_score": {"filter": clause, "boost": boost}}


def _wishes(text: Query, with_prefix: bool) -> Iterator[Clause]:
    """For each wish the title's weight, or the headline's, or the little that it counts anywhere."""
    prefixed = prefix_of(text) if with_prefix else None
    number = len(text.terms) + len(text.phrases)
    for field, weight in (("title", TITLE - HEADLINE), ("headline", HEADLINE), ("words", _ANYWHERE)):
        for clause in [*(term_clause(term, field, prefixed) for term in text.terms), *(in_a_row(phrase, field) for phrase in text.phrases)]:
            yield _constant(clause, weight / number)


def _accents(text: Query, with_prefix: bool) -> Iterator[Clause]:
    """The words as they were typed, if they were typed with accents: in the headline, and in the whole text."""
    if not any(token.accented != token.folded for term in text.terms for token in term.words) and not any(
        token.accented != token.folded for phrase in text.phrases for token in phrase
    ):
        return
    for field, weight in (("headline_accented", ACCENTS), ("words_accented", ACCENTS / 2)):
        yield _constant(every(text_clauses(text, field, with_prefix=with_prefix, with_accents=True)), weight)


def _rows(text: Query) -> Iterator[Clause]:
    """All words of the terms one after the other, with their accents."""
    typed = tuple(word for term in text.terms for word in term.words)
    if len(typed) > 1:
        yield _constant(in_a_row(typed, "headline"), IN_A_ROW)
        yield _constant(in_a_row(typed, "words"), IN_A_ROW / 2)


def _gently(query: Clause, preferred: Place | None, as_of: datetime) -> Clause:
    """Fresh before stale, short titles before long ones, what is near before what is far: each by a little."""
    age: dict[str, Any] = {"created_at": {"origin": as_of.isoformat(), "scale": f"{DAYS}d", "decay": 1 / e}}
    fresh = {
        "query": query,
        "functions": [{"weight": 1 - FRESHNESS}, {"exp": age, "weight": FRESHNESS}],
        "score_mode": "sum",
        "boost_mode": "multiply",
    }
    factors: list[Clause] = [{"field_value_factor": {"field": "brevity", "missing": 1}}]
    if preferred is not None:
        factors.append({"filter": at_place(preferred), "weight": PLACE})
    return {"function_score": {"query": {"function_score": fresh}, "functions": factors, "score_mode": "multiply", "boost_mode": "multiply"}}
