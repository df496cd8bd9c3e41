"""Searching with second thoughts: when nothing matches what was typed, what was probably meant."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.search.choice import StandingIn, searcher
from app.search.correcting import FEW, correct, did_you_mean
from app.search.engine import EngineQuery, Hits, Searcher
from app.search.query import Query, parse
from app.search.relaxing import relaxed


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to understand what was typed. `corrected` takes its place, and its unfinished word may be a prefix.

    A relaxed reading has of the terms of `Query.relaxed` only those at the places `kept`, and with `match_any` one of them is enough.
    """

    corrected: str | None = None
    with_prefix: bool = False
    kept: tuple[int, ...] | None = None
    match_any: bool = False

    def of(self, typed: str) -> Query:
        """The text so understood."""
        query = parse(typed if self.corrected is None else self.corrected)
        if self.kept is None:
            return query
        loose = query.relaxed()
        return replace(loose, terms=tuple(loose.terms[place] for place in self.kept), match_any=self.match_any)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits, and what was typed as it was understood.

    `did_you_mean` is a text that finds far more where few were found; `is_degraded` tells that another engine than the chosen one answered.
    """

    hits: Hits
    engine: str
    text: Query
    reading: Reading = Reading()
    did_you_mean: str | None = None
    is_degraded: bool = False

    @property
    def is_relaxed(self) -> bool:
        """Whether not every word need match."""
        return self.reading.kept is not None


def find(text: str, query: EngineQuery, *, reading: Reading | None = None) -> Found:
    """The jobs that have every word of `text`; else those that do when its last word may be the beginning of one, or its slips are corrected.

    Else those with every word that stands in some job, else with any of them. A page that continues another is given the same `reading`.
    """
    with searcher() as engine:
        return _find(engine, text, query, reading)


def _find(engine: StandingIn, text: str, query: EngineQuery, reading: Reading | None) -> Found:
    first = None
    for one in _readings(engine, text) if reading is None else [reading]:
        read = one.of(text)
        hits = engine.search(replace(query, text=read, with_prefix=one.with_prefix))
        asked_back = did_you_mean(engine, text) if one == Reading() and 0 < hits.total <= FEW else None
        found = Found(hits, engine.name, read, one, asked_back, engine.is_degraded)
        if hits.total:
            return found
        first = first or found
    # When no thought helped, what was typed is answered: its facets tell which filter to give up.
    return first or Found(Hits([], 0), engine.name, parse(text), is_degraded=engine.is_degraded)


def _readings(engine: Searcher, text: str) -> Iterator[Reading]:
    query = parse(text)
    yield Reading()
    if query.unfinished is not None:
        yield Reading(with_prefix=True)
    corrected = correct(engine, text, query)
    base = Reading(corrected=corrected if corrected != text else None)
    if base.corrected is not None:
        query = parse(corrected)
        yield base
    if query.is_relaxable:
        places = {term: place for place, term in enumerate(query.relaxed().terms)}
        for less in relaxed(engine, query):
            yield replace(base, kept=tuple(places[term] for term in less.terms), match_any=less.match_any)
