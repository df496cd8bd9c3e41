"""Words that were mistyped: what to search for instead, and what to ask back."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from app.search import skills, telex, vocabulary
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
    """The text with the words that stand in no job replaced by those that Telex would have made of them, or else by the likeliest that do."""
    unknown = sorted(vocabulary.find_unknown(_unfamiliar(query)), key=fold(text).find)
    for word, other in _read_as_telex(engine, unknown):
        text = _replaced(text, word, other)
        unknown.remove(word)
    for word in unknown[:MAX_CORRECTED_WORDS]:
        text = _likeliest(engine, text, word, vocabulary.one_slip_away(word)[:MAX_CANDIDATES], still_unknown=unknown) or text
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
    """The words of a query apart from known expressions and names of skills, which are no slips even if no job says it this way."""
    unfamiliar = (term.words for term in query.terms if not term.synonyms and not term.is_filler)
    return {token.folded for phrase in (*unfamiliar, *query.phrases) for token in phrase} - skills.words()


def _read_as_telex(engine: Searcher, words: Sequence[str]) -> list[tuple[str, str]]:
    """Those of the words that are the keys of one that some open job has, and that one."""
    read = [(word, other) for word in words if (other := telex.read(word)) != word]
    counts = engine.count_each([parse(other) for _, other in read], at_most=1)
    return [pair for pair, number in zip(read, counts, strict=True) if number]


def _likeliest(engine: Searcher, text: str, word: str, others: Sequence[str], *, still_unknown: Sequence[str]) -> str | None:
    """The text with that of the others in the place of the word which most jobs have beside the same neighbours, else together with all words.

    Words that stand in none anyway are left aside; the earlier of equals is taken. One of the others that no open job has is never said: it stood in
    a job that nobody may see any more.
    """
    texts = [_replaced(text, word, other) for other in others]
    judged = [parse(_without(one, still_unknown)) for one in texts]
    beside = [[parse(f'"{row}"') for row in rows] for rows in _rows(tokens(text), word, others)]
    counts = iter(engine.count_each([*judged, *map(parse, others), *chain.from_iterable(beside)], at_most=_ENOUGH))
    met, alone = list(islice(counts, len(others))), list(islice(counts, len(others)))
    rated = [(sum(islice(counts, len(rows))), number) for rows, number in zip(beside, met, strict=True)]
    likely = [(rating, one) for rating, one, known in zip(rated, texts, alone, strict=True) if known]
    return max(likely, key=lambda found: found[0], default=(None, None))[1]


def _rows(words: Sequence[str], word: str, others: Sequence[str]) -> Iterator[list[str]]:
    """For each of the others, how it stands in the place of the word: with the word before, and with the one that follows."""
    # A word that was corrected before may have made a term of its own with this one, as `net` does with `dot`.
    place = words.index(word) if word in words else len(words)
    before, after = words[max(place - 1, 0) : place], words[place + 1 : place + 2]
    for other in others:
        yield [" ".join(row) for row in ([*before, other], [other, *after]) if len(row) > 1]


def _replaced(text: str, word: str, other: str) -> str:
    return _WORD.sub(lambda match: other if tokens(match[0]) == [word] else match[0], text)


def _without(text: str, words: Sequence[str]) -> str:
    return _WORD.sub(lambda match: "" if set(tokens(match[0])) & set(words) else match[0], text)
