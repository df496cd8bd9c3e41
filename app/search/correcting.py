"""Words that were mistyped: what to search for instead, and what to ask back."""

import re
from collections.abc import Sequence

from app.search import vocabulary
from app.search.engine import Searcher
from app.search.query import Query, parse
from app.search.text import fold, tokens

MAX_CORRECTED_WORDS = 3
MAX_CANDIDATES = 8
"""Words that one mistyped word may have meant, of which the one that most jobs have together with the rest is taken."""

FEW = 3
"""Jobs that a search finds at most for the question whether something else was meant."""

_FAR_MORE = 10
"""How many times as many jobs the other text must find, and how many at least."""

_ENOUGH = 1000
_WORD = re.compile(r"[^\W_]+")


def correct(engine: Searcher, text: str, query: Query) -> str:
    """The text with the words that stand in no job replaced by the likeliest that do."""
    unknown = sorted(vocabulary.find_unknown(_unfamiliar(query)), key=fold(text).find)
    for word in unknown[:MAX_CORRECTED_WORDS]:
        others = vocabulary.one_slip_away(word)[:MAX_CANDIDATES]
        texts = [_replaced(text, word, other) for other in others]
        text = _likeliest(engine, texts, others, still_unknown=unknown) or text
    return text


def did_you_mean(engine: Searcher, text: str) -> str | None:
    """A text one slip away that finds far more, for a text that finds `FEW` jobs at most, whatever the filters; None when there is none.

    Some job has the word as it was typed, perhaps mistyped itself, so the text is not corrected unasked.
    """
    query = parse(text)
    words = sorted(vocabulary.correctable(_unfamiliar(query)), key=fold(text).find)[:MAX_CORRECTED_WORDS]
    texts = [_replaced(text, word, other) for word in words for other in vocabulary.one_slip_away(word)[:MAX_CANDIDATES]]
    if not texts:
        return None
    found, *counts = engine.count_each([query, *map(parse, texts)], at_most=_ENOUGH)
    most, other = max(zip(counts, texts, strict=True), key=lambda pair: pair[0])
    return other if found <= FEW and most >= _FAR_MORE * max(found, 1) else None


def _unfamiliar(query: Query) -> set[str]:
    """The words of a query apart from known expressions, which are no slips even if no job says it this way."""
    unfamiliar = (term.words for term in query.terms if not term.synonyms and not term.is_filler)
    return {token.folded for phrase in (*unfamiliar, *query.phrases) for token in phrase}


def _likeliest(engine: Searcher, texts: Sequence[str], words: Sequence[str], *, still_unknown: Sequence[str]) -> str | None:
    """The text that most jobs match, leaving aside words that stand in none anyway; the earlier of equals.

    Each text has another of the `words`. One that no open job has is never said: it stood in a job that nobody may see any more.
    """
    judged = [parse(_without(text, still_unknown)) for text in texts]
    counts = engine.count_each([*judged, *map(parse, words)], at_most=_ENOUGH)
    met, alone = counts[: len(texts)], counts[len(texts) :]
    likely = [(number, text) for number, text, known in zip(met, texts, alone, strict=True) if known]
    return max(likely, key=lambda found: found[0], default=(0, None))[1]


def _replaced(text: str, word: str, other: str) -> str:
    return _WORD.sub(lambda match: other if tokens(match[0]) == [word] else match[0], text)


def _without(text: str, words: Sequence[str]) -> str:
    return _WORD.sub(lambda match: "" if set(tokens(match[0])) & set(words) else match[0], text)
