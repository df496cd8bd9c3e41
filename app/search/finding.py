"""Searching with second thoughts: when nothing matches what was typed, what was probably meant."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.search import vocabulary
from app.search.choice import searcher
from app.search.engine import EngineQuery, Hits, Searcher
from app.search.query import Query, Term, parse
from app.search.text import fold, tokens

MAX_CORRECTED_WORDS = 3
MAX_CANDIDATES = 8
"""Words that one mistyped word may have meant, of which the one that most jobs have together with the rest is taken."""

MANY = 5000
"""Jobs that a relaxed search gathers at most, unless its rarest word alone stands in more."""

_ENOUGH = 1000
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits, and how they came about.

    `corrected` is the text that was searched for in place of what was typed; `is_relaxed` tells that not every word need match; `is_degraded`
    that another engine than the chosen one answered. `attempt` is the number of the thought that helped, 0 for what was typed.
    """

    hits: Hits
    engine: str
    corrected: str | None = None
    is_relaxed: bool = False
    is_degraded: bool = False
    attempt: int = 0


def find(text: str, query: EngineQuery, *, attempt: int = 0) -> Found:
    """The jobs that have every word of `text`; else those that do when its last word may be the beginning of one, or its slips are corrected.

    Else those with every word that stands in some job, else with any of them. A page that continues another starts with its `attempt`.
    """
    engine = searcher()
    first = None
    for attempt in _attempts(engine, text):
        hits = engine.search(replace(query, text=attempt.text, with_prefix=attempt.with_prefix))
        if hits.total:
            return Found(hits, engine.name, attempt.corrected, attempt.is_relaxed, engine.is_degraded)
        first = first or hits
    # When no thought helped, what was typed is answered: its facets tell which filter to give up.
    return Found(first or Hits([], 0), engine.name, is_degraded=engine.is_degraded)


@dataclass(frozen=True, slots=True)
class _Attempt:
    text: Query
    with_prefix: bool = False
    corrected: str | None = None
    is_relaxed: bool = False


def _attempts(engine: Searcher, text: str) -> Iterator[_Attempt]:
    query = parse(text)
    yield _Attempt(query)
    if query.unfinished is not None:
        yield _Attempt(query, with_prefix=True)
    corrected = _corrected(engine, text, query)
    if corrected != text:
        query = parse(corrected)
        yield _Attempt(query, corrected=corrected)
    if query.is_relaxable:
        for relaxed in _relaxed(engine, query):
            yield _Attempt(relaxed, corrected=corrected if corrected != text else None, is_relaxed=True)


def _relaxed(engine: Searcher, query: Query) -> Iterator[Query]:
    """The query without the terms that no job has; then any of its rarer terms, since with the common ones half the board would match."""
    loose = query.relaxed()
    counts = engine.count_each([replace(loose, terms=(term,)) for term in loose.terms], at_most=MANY)
    met = {term: count for term, count in zip(loose.terms, counts, strict=True) if count}
    if met and len(met) < len(loose.terms):
        yield replace(loose, terms=tuple(met), match_any=False)
    rarer: list[Term] = []
    room = MANY
    for term in sorted(met, key=lambda term: met[term]):
        room -= met[term]
        if rarer and room < 0:
            break
        rarer.append(term)
    if rarer:
        yield replace(loose, terms=tuple(rarer))


def _corrected(engine: Searcher, text: str, query: Query) -> str:
    """The text with the words that stand in no job replaced by the likeliest that do."""
    # A known expression is no slip, even if no job says it this way.
    unfamiliar = (term.words for term in query.terms if not term.synonyms and not term.is_filler)
    typed = {token.folded for phrase in (*unfamiliar, *query.phrases) for token in phrase}
    unknown = sorted(vocabulary.find_unknown(typed), key=fold(text).find)
    for word in unknown[:MAX_CORRECTED_WORDS]:
        texts = [_replaced(text, word, other) for other in vocabulary.one_slip_away(word)[:MAX_CANDIDATES]]
        text = _likeliest(engine, texts, still_unknown=unknown) or text
    return text


def _likeliest(engine: Searcher, texts: Sequence[str], *, still_unknown: Sequence[str]) -> str | None:
    """The text that most jobs match, leaving aside words that stand in none anyway; the earlier of equals."""
    judged = [parse(_without(text, still_unknown)) for text in texts]
    counts = engine.count_each(judged, at_most=_ENOUGH)
    return max(zip(texts, counts, strict=True), key=lambda pair: pair[1], default=(None, 0))[0]


def _replaced(text: str, word: str, other: str) -> str:
    return _WORD.sub(lambda match: other if tokens(match[0]) == [word] else match[0], text)


def _without(text: str, words: Sequence[str]) -> str:
    return _WORD.sub(lambda match: "" if set(tokens(match[0])) & set(words) else match[0], text)
