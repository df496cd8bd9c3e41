"""Asking for less than every word."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.search.engine import Searcher
from app.search.query import Query, Term

MANY = 5000
"""Jobs that a search for any of several words gathers at most, unless its rarest word alone stands in more."""


def relaxed(engine: Searcher, query: Query) -> Iterator[Query]:
    """The query without the terms that no job has; then any of its rarer terms, since with the common ones half the board would match."""
    loose = query.relaxed()
    met = count_terms(engine, loose)
    if met and len(met) < len(loose.terms):
        yield replace(loose, terms=tuple(met), match_any=False)
    rarer = rarest(met)
    if rarer:
        yield replace(loose, terms=tuple(rarer))


def count_terms(engine: Searcher, query: Query) -> dict[Term, int]:
    """How many jobs have each term of the query, up to `MANY`; terms that none has are left out."""
    counts = engine.count_each([replace(query, terms=(term,)) for term in query.terms], at_most=MANY)
    return {term: count for term, count in zip(query.terms, counts, strict=True) if count}


def rarest(met: dict[Term, int]) -> Sequence[Term]:
    """The rarer terms, as many as any of which match some `MANY` jobs."""
    rarer: list[Term] = []
    room = MANY
    for term in sorted(met, key=lambda term: met[term]):
        room -= met[term]
        if rarer and room < 0:
            break
        rarer.append(term)
    return rarer
