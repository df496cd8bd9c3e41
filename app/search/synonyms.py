"""Expressions that mean the same, from `data/synonyms.toml`, recognised in the words of a query."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from app.search.text import Token, analyse

Phrase = tuple[Token, ...]

_DATA = Path(__file__).parent / "data" / "synonyms.toml"
_NO_PLURAL = re.compile(r"(?<!s)s$")
_HISSING = re.compile(r"(?:ss|sh|ch|x)$")
_Y = re.compile(r"[^aeiou]y$")


class Term(NamedTuple):
    """Words that mean something together; `synonyms` are the other ways to say it, and a filler says nothing about the job."""

    words: Phrase
    synonyms: tuple[Phrase, ...] = ()
    is_filler: bool = False


class Thesaurus:
    """Finds known expressions in a row of words, longest first; what an expression adds is never looked up again."""

    def __init__(self, expressions: Iterable[Term], prepositions: Iterable[str] = ()) -> None:
        self._prepositions = frozenset(prepositions)
        self._by_head: dict[str, list[Term]] = {}
        for expression in expressions:
            self._by_head.setdefault(expression.words[0].folded, []).append(expression)
        for candidates in self._by_head.values():
            candidates.sort(key=lambda expression: -len(expression.words))

    def read(self, words: Sequence[Token]) -> Iterator[Term]:
        """Yield `words` from left to right as known expressions and, where none begins, as single words.

        The words stay as they were typed, but for wrong accents in an expression.
        """
        place = 0
        is_after_english = False
        while place < len(words):
            known = self._at(words[place:])
            length = len(known.words) if known else 1
            typed = tuple(words[place : place + length])
            is_between = is_after_english and words[place].accented in self._prepositions and place + 1 < len(words)
            yield _as_typed(known, typed) if known else Term(typed, is_filler=is_between)
            is_after_english = known is not None and not known.is_filler and all(word.accented.isascii() for word in known.words)
            place += length

    def synonyms(self) -> set[Phrase]:
        """Return every expression that a query may be widened by."""
        return {phrase for candidates in self._by_head.values() for expression in candidates for phrase in expression.synonyms}

    def _at(self, words: Sequence[Token]) -> Term | None:
        candidates = self._by_head.get(words[0].folded, ())
        return next((known for known in candidates if _is_typed(known, words[: len(known.words)])), None)


def _is_typed(known: Term, typed: Sequence[Token]) -> bool:
    """Tell whether each word was typed with the right accents or, unless it would be left out for it, with none.

    Three words or more are known even by wrong accents: no other expression has the same letters.
    """
    if known.is_filler:
        return tuple(typed) == known.words
    return _folded(typed) == _folded(known.words) and (len(typed) > 2 or _has_no_wrong_accent(known, typed))


def _has_no_wrong_accent(known: Term, typed: Sequence[Token]) -> bool:
    return len(typed) == len(known.words) and all(other.accented in word for word, other in zip(known.words, typed, strict=True))


def _as_typed(known: Term, typed: Phrase) -> Term:
    return known._replace(words=typed) if _has_no_wrong_accent(known, typed) else known


def _folded(phrase: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.folded for token in phrase)


def _holds(phrase: Phrase, part: Phrase) -> bool:
    """Tell whether `part` stands in `phrase`, so that whoever finds `part` finds `phrase` too."""
    words, wanted = _folded(phrase), _folded(part)
    return any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))


def _plural(form: str) -> str:
    """The English plural of an expression; the expression itself when it is not English, a name, or has none."""
    last = form.split()[-1]
    if not (form.isascii() and last.islower() and last.isalpha()) or _NO_PLURAL.search(last):
        return form
    if _Y.search(last):
        return f"{form[:-1]}ies"
    return f"{form}es" if _HISSING.search(last) else f"{form}s"


def _group(same: Sequence[str], typed: Sequence[str]) -> Iterator[Term]:
    """Yield each expression of a group, and the plurals of those in English, with the others, less those that a shorter one finds anyway."""
    # Different spellings may give the same tokens ("part-time", "part time"): one of them is enough.
    searched = {_folded(phrase): phrase for phrase in (tuple(analyse(form)) for form in same)}.values()
    recognised = {_folded(phrase): phrase for phrase in (tuple(analyse(form)) for form in (*typed, *map(_plural, same)))}
    for phrase in (*searched, *(phrase for folded, phrase in recognised.items() if folded not in map(_folded, searched))):
        others = [other for other in searched if not _holds(other, phrase)]
        yield Term(phrase, tuple(one for one in others if not any(one is not other and _holds(one, other) for other in others)))


def read_thesaurus(data: dict[str, Any]) -> Thesaurus:
    """Build a thesaurus from `{fillers: [str], prepositions: [str], group: [{same: [str], typed: [str]}]}`.

    Raises ValueError when an expression has two meanings.
    """
    expressions = [Term(tuple(analyse(form)), is_filler=True) for form in data["fillers"]]
    meanings = [found for group in data["group"] for found in _group(group["same"], group.get("typed", ()))]
    seen: set[tuple[str, ...]] = set()
    for words in (_folded(meaning.words) for meaning in meanings):
        if words in seen:
            raise ValueError(f"synonyms: {' '.join(words)!r} stands in two groups")
        seen.add(words)
    return Thesaurus(expressions + meanings, data.get("prepositions", ()))


@cache
def thesaurus() -> Thesaurus:
    """Return the thesaurus of the board, read once per process."""
    return read_thesaurus(tomllib.loads(_DATA.read_text("utf-8")))
