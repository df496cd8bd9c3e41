"""A query in the words of PostgreSQL's `tsquery`."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter

from app.search.expressions import pairs
from app.search.query import Phrase, Query, Term
from app.search.text import Token

MIN_PREFIX_LENGTH = 2
"""Letters that an unfinished word needs before it is searched for as a prefix; fewer would visit most of the index."""

_Lexeme = Callable[[Token], str]


def to_tsquery(query: Query, *, with_accents: bool = False, with_prefix: bool = False, with_pairs: bool = False, is_rough: bool = False) -> str:
    """Return `query` as text that casts to `tsquery` whatever was typed; an empty query gives an empty text.

    `with_accents` asks for the accented form, which is for ranking: match with the folded form. `with_prefix` lets the unfinished word match as a
    prefix, for results that follow the typing. `with_pairs` looks for phrases by their pairs, where those are indexed, and by nothing else if
    `is_rough`. A lexeme holds only letters and digits, and in a pair a low line; it stands in quotation marks, so nothing typed becomes an operator.
    """
    lexeme = partial(_lexeme, attrgetter("accented" if with_accents else "folded"))
    row = partial(_row_of_pairs, is_rough=is_rough) if with_pairs else partial(_row, lexeme=lexeme)
    prefixed = query.unfinished if with_prefix and query.unfinished and len(query.unfinished.folded) >= MIN_PREFIX_LENGTH else None
    wishes = [_term(term, lexeme, prefixed) for term in query.terms] + [row(phrase) for phrase in query.phrases]
    refusals = [f"!{row(phrase)}" for phrase in query.excluded]
    if query.match_any and wishes:
        wishes = [_grouped(" | ", wishes)]
    return " & ".join(wishes + refusals)


def _lexeme(form: Callable[[Token], str], token: Token) -> str:
    return f"'{form(token)}'"


def _grouped(operator: str, operands: list[str]) -> str:
    return operands[0] if len(operands) == 1 else f"({operator.join(operands)})"


def _row(phrase: Phrase, lexeme: _Lexeme) -> str:
    return _grouped(" <-> ", list(map(lexeme, phrase)))


def _row_of_pairs(phrase: Phrase, *, is_rough: bool) -> str:
    """Of two words their pair; of more, the pairs say which documents to look into, or are enough."""
    lexeme = partial(_lexeme, attrgetter("folded"))
    found = [f"'{pair}'" for pair in pairs([token.folded for token in phrase])]
    return _grouped(" & ", found if len(phrase) == 2 or (is_rough and found) else [*found, _row(phrase, lexeme)])


def _term(term: Term, lexeme: _Lexeme, prefixed: Token | None) -> str:
    words = list(map(lexeme, term.words))
    if term.words[-1] == prefixed:
        words[-1] += ":*"
    return _grouped(" | ", [_grouped(" & ", words), *(_row(synonym, lexeme) for synonym in term.synonyms)])
