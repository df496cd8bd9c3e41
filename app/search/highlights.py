"""Where a job has what was searched for: marked text that is safe to print, made from the job's row and therefore alike for every engine.

A text comes out escaped for HTML, with `<mark>` and `</mark>` as its only tags. What is marked are the words typed, whatever their accents, and the
other ways to say them; words of a known expression or of a quoted phrase are marked where they stand in a row.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from unicodedata import normalize

from app.search.folding import fold_in_place
from app.search.query import Phrase, Query
from app.search.terms import written_forms
from app.search.tsquery import MIN_PREFIX_LENGTH

FRAGMENTS = 2
"""Passages that are shown of the long texts."""

LONGEST_FRAGMENT, LEAD = 160, 50
"""Characters of a passage, and of what comes before its first mark."""

READ = 20_000
"""Characters of a text in which marks are looked for."""

_MARKS = ("<mark>", "</mark>")
_EDGE = re.compile(r"\s")
_UP_TO_LAST_EDGE = re.compile(r".*\s", re.DOTALL)
_SPECIAL = re.compile("[&<>\"']")
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks the words of one query; without any, nothing is marked."""

    pattern: re.Pattern[str] | None

    def mark(self, text: str) -> str | None:
        """The whole text with its marks; None without any."""
        text, folded = _read(text)
        places = list(self._places(folded))
        return _printable(text, places, 0, len(text)) if places else None

    def fragments(self, texts: Iterable[str]) -> list[str]:
        """Up to `FRAGMENTS` passages of the texts around marks, from the beginning, an ellipsis where a passage was cut."""
        found: list[str] = []
        for text, folded in map(_read, texts):
            free_from = 0
            for start, _ in self._places(folded):
                if start < free_from:
                    continue
                begin, free_from = _cut(text, start, free_from)
                found.append(_printable(text, self._places(folded, begin, free_from), begin, free_from))
                if len(found) == FRAGMENTS:
                    return found
        return found

    def _places(self, folded: str, begin: int = 0, end: int = READ) -> Iterator[_Place]:
        return (match.span() for match in self.pattern.finditer(folded, begin, end)) if self.pattern else iter(())


def marker(query: Query, *, with_prefix: bool = False) -> Marker:
    """The marker of a query as it was searched for; see `EngineQuery.with_prefix`."""
    prefix = query.unfinished.folded if with_prefix and query.unfinished else ""
    rows = [phrase for term in query.terms for phrase in (term.words, *term.synonyms)] + list(query.phrases)
    return Marker(_pattern(tuple(dict.fromkeys(map(_folded, rows))), prefix if len(prefix) >= MIN_PREFIX_LENGTH else ""))


def _folded(phrase: Phrase) -> tuple[str, ...]:
    return tuple(token.folded for token in phrase)


@lru_cache(maxsize=256)
def _pattern(rows: Sequence[tuple[str, ...]], prefix: str) -> re.Pattern[str] | None:
    """A pattern for any of the rows of words, the longest first; a word that is `prefix` may go on."""
    ordered = sorted(rows, key=lambda words: -len(words))
    choices = [r"[\W_]+".join(map(_written, words)) + (r"[^\W_]*" if words[-1] == prefix else "") for words in ordered]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(choices)})(?![^\W_])") if choices else None


def _written(word: str) -> str:
    """A pattern for the ways to write a folded word: `csharp` is also `c#`, and `nodejs` is `node.js` or `node js`."""
    forms = [r"[\W_]*".join(map(re.escape, form.split())) for form in written_forms().get(word, ())]
    return f"(?:{'|'.join([*forms, word])})" if forms else word


def _read(text: str) -> tuple[str, str]:
    """The text composed, as far as marks are looked for, and folded place by place."""
    composed = normalize("NFC", text[:READ])
    return composed, fold_in_place(composed)


def _cut(text: str, start: int, free_from: int) -> _Place:
    """Where the passage around a mark at `start` begins and ends: at blanks, if there are any, and not before `free_from`."""
    begin = max(free_from, start - LEAD)
    if begin > free_from:
        blank = _EDGE.search(text, begin, start)
        begin = blank.end() if blank else start
    end = min(len(text), begin + LONGEST_FRAGMENT)
    if end < len(text):
        whole_words = _UP_TO_LAST_EDGE.match(text, start + 1, end)
        end = whole_words.end() - 1 if whole_words else end
    return begin, end


def _printable(text: str, places: Iterable[_Place], begin: int, end: int) -> str:
    opening, closing = _MARKS
    # Most texts have nothing to escape: one look spares five for each of their pieces.
    safe: Callable[[str], str] = escape if _SPECIAL.search(text, begin, end) else str
    parts: list[str] = ["… "] if begin else []
    done = begin
    for start, stop in places:
        parts += [safe(text[done:start]), opening, safe(text[start:stop]), closing]
        done = stop
    parts += [safe(text[done:end]), " …" if end < len(text) else ""]
    return "".join(parts).strip()
