"""Words in a row as single lexemes, for PostgreSQL.

To look for a phrase, PostgreSQL fetches every document that has its words and reads all their places. Two neighbours are therefore stored as one
lexeme too, `khach_hang`, which no word can be; and an expression that a query may be widened by, its words glued together, as `laptrinhvien`. Each
stands at the place of its first word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from app.search.query import Query
from app.search.synonyms import Phrase, thesaurus
from app.search.text import Token


def pairs(words: Sequence[str]) -> list[str]:
    """The lexemes of each word with the next."""
    return [f"{word}_{other}" for word, other in pairwise(words)]


def find(folded: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The places, from 0, at which a known expression begins in the folded words, and its lexeme. Expressions may overlap."""
    known = _by_first_word()
    for place in [place for place, word in enumerate(folded) if word in known]:
        for expression in known[folded[place]]:
            if tuple(folded[place : place + len(expression)]) == expression:
                yield place, "".join(expression)


def glued(query: Query) -> Query:
    """The query with lexemes in the place of synonyms of several words."""
    return replace(query, terms=tuple(term._replace(synonyms=tuple(dict.fromkeys(map(_glue, term.synonyms)))) for term in query.terms))


def _glue(phrase: Phrase) -> Phrase:
    lexeme = "".join(token.folded for token in phrase)
    return (Token(lexeme, lexeme),)


@cache
def _by_first_word() -> dict[str, list[tuple[str, ...]]]:
    known: dict[str, list[tuple[str, ...]]] = {}
    for expression in sorted({tuple(token.folded for token in phrase) for phrase in thesaurus().synonyms() if len(phrase) > 1}):
        known.setdefault(expression[0], []).append(expression)
    return known
