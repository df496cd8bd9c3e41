"""What a person typed into the search field, read into terms, quoted phrases and exclusions.

    kế toán "thuế GTGT" -"thực tập"     jobs with kế and toán, and with the phrase thuế GTGT, but without the phrase thực tập

Words are joined by AND. A known expression carries its synonyms. Nothing else is special: `* | & ! ( ) :` separate words like any other
punctuation, and a quotation mark without its partner is ignored.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from app.search.spelling import other_spelling
from app.search.synonyms import Phrase, Term, thesaurus
from app.search.text import Token, analyse, fold

__all__ = ["MAX_QUERY_LENGTH", "MAX_QUERY_WORDS", "Phrase", "Query", "Term", "parse"]

MAX_QUERY_LENGTH = 200
"""Characters. Refuse longer text before parsing; `parse` itself reads no further."""

MAX_QUERY_WORDS = 32
"""Tokens over the whole query, so that its cost is bounded in both engines. A pasted job title in Vietnamese has some 25."""

_QUOTATION_MARKS = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_PIECE = re.compile(r'(?P<minus>(?<!\S)-+)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))')


class _Kind(Enum):
    PLAIN = 1
    QUOTED = 2
    EXCLUDED = 3


@dataclass(frozen=True, slots=True)
class Query:
    """A search, free of any engine's syntax.

    A job matches when it has every term (the words typed, in any order, or one of the synonyms as a phrase), every phrase, and no exclusion; with
    `match_any`, one term is enough. `unfinished` is the word that a person may still be typing. `is_shortened` tells that words beyond the limits
    were left out.
    """

    terms: tuple[Term, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()
    match_any: bool = False
    unfinished: Token | None = None
    is_shortened: bool = False

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to search for and nothing to exclude: no text, or only punctuation."""
        return not (self.terms or self.phrases or self.excluded)

    @property
    def has_wishes(self) -> bool:
        """False when the query only excludes, so that there is nothing to rank by."""
        return bool(self.terms or self.phrases)

    @property
    def is_relaxable(self) -> bool:
        """True when `relaxed` may find more than this query does."""
        return not self.match_any and len(self.terms) + sum(map(len, self.phrases)) > 1

    def relaxed(self) -> "Query":
        """Return the query that any one of its terms satisfies; phrases fall apart into words, exclusions stay."""
        loose = tuple(Term((word,)) for phrase in self.phrases for word in phrase)
        return replace(self, terms=tuple(dict.fromkeys(self.terms + loose)), phrases=(), match_any=True)


def parse(text: str) -> Query:
    """Read what was typed. Every text is a query, if need be an empty one; see `Query.is_empty` and `Query.is_shortened`."""
    found: dict[_Kind, list[Phrase]] = {kind: [] for kind in _Kind}
    room = MAX_QUERY_WORDS
    is_shortened = len(text) > MAX_QUERY_LENGTH
    ends_in_word = not is_shortened and fold(text)[-1:].isalnum()
    unfinished = None
    for kind, part in _parts(text[:MAX_QUERY_LENGTH]):
        words = tuple(analyse(part))
        fitting = _fitting(kind, words, room)
        is_shortened |= fitting != words
        room -= len(fitting)
        if fitting:
            found[kind].append(fitting)
        unfinished = words[-1] if kind is _Kind.PLAIN and words and fitting == words else None
    return Query(
        terms=_terms(found[_Kind.PLAIN], has_phrases=bool(found[_Kind.QUOTED])),
        phrases=tuple(dict.fromkeys(found[_Kind.QUOTED])),
        excluded=tuple(dict.fromkeys(found[_Kind.EXCLUDED])),
        unfinished=unfinished if ends_in_word else None,
        is_shortened=is_shortened,
    )


def _parts(text: str) -> Iterator[tuple[_Kind, str]]:
    """Yield runs of plain words, quoted phrases and exclusions as they follow each other."""
    plain: list[str] = []
    for piece in _PIECE.finditer(text.translate(_QUOTATION_MARKS)):
        quoted, word = piece["quoted"], piece["plain"]
        if piece["minus"] is None and quoted is None:
            plain.append(word)
            continue
        yield _Kind.PLAIN, " ".join(plain)
        plain.clear()
        yield _Kind.EXCLUDED if piece["minus"] else _Kind.QUOTED, word if quoted is None else quoted
    if plain:
        yield _Kind.PLAIN, " ".join(plain)


def _fitting(kind: _Kind, words: Phrase, room: int) -> Phrase:
    """Return the words there is room for. Half an exclusion would exclude more than was asked, so what is quoted or excluded goes as a whole."""
    if kind is _Kind.PLAIN:
        return words[:room]
    return words if len(words) <= room else ()


def _terms(runs: list[Phrase], *, has_phrases: bool) -> tuple[Term, ...]:
    """Return the terms of all runs; fillers such as "việc làm" count only when the query has nothing else."""
    terms = [_with_spelling(term) for words in runs for term in thesaurus().read(words)]
    telling = [term for term in terms if not term.is_filler]
    return tuple(dict.fromkeys(telling if telling or has_phrases else terms))


def _with_spelling(term: Term) -> Term:
    """A word that may be spelled otherwise finds both spellings; known expressions say for themselves what they find."""
    other = other_spelling(term.words[0]) if len(term.words) == 1 and not term.synonyms else None
    return term._replace(synonyms=((other,),)) if other else term
