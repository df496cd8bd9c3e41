"""From text to tokens: the one way in which both engines read jobs and queries.

A token is a run of a-z and 0-9 in the folded form; the accented form may hold accented Latin letters too. PostgreSQL's default parser under the
`simple` configuration and Elasticsearch's `standard` tokenizer both keep each token whole, so neither engine needs analysis of its own.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple
from unicodedata import normalize

from app.search.folding import accented, fold
from app.search.terms import SINGLE_TERMS, join_rows

__all__ = ["MAX_WORD_LENGTH", "IndexText", "Token", "accented", "analyse", "fold", "index_text", "tokens"]

# Longer runs of letters are cut. A letter of another script takes up to 7 characters once encoded, and the standard tokenizer cuts at 255.
MAX_WORD_LENGTH = 32

_WORD = re.compile(
    r"(?<![^\W_])[^\W_]&[^\W_](?![^\W_])"  # R&D
    r"|(?<![^\W_])\.net(?![^\W\d_])"  # .NET and .NET8, but not the end of a host name
    rf"|[^\W_]{{1,{MAX_WORD_LENGTH}}}(?:\+\+|[#♯])?"
)
# Kana and ideographs are written without blanks: each is a word of its own, and a longer word is found as a row of them.
_UNSPACED = re.compile(r"[\u3041-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
# PostgreSQL's parser would read "1e5abc" as a number and a word; cut here, the two engines agree.
_NUMBER_AND_WORD = re.compile(r"^([0-9]+e[0-9]+)(.+)")


class Token(NamedTuple):
    """One word: without accents for finding it, with accents for ranking exact matches higher."""

    folded: str
    accented: str


class IndexText(NamedTuple):
    """The tokens of a text, separated by blanks; the n-th word is the same word in both."""

    folded: str
    accented: str


def _encoded(letter: str) -> str:
    return letter if letter.isascii() else f"u{ord(letter):x}"


def _word_forms(word: str) -> Iterator[str]:
    """Yield both forms of each token of an accented word; letters of other scripts are written as `u` and their code point."""
    folded = normalize("NFC", fold(word))
    if folded.isascii() and not _NUMBER_AND_WORD.match(folded):
        yield from (folded, word)
        return
    for run in _UNSPACED.sub(r" \g<0> ", folded).split():
        for part in _NUMBER_AND_WORD.sub(r"\1 \2", run).split():
            yield from ["".join(map(_encoded, part))] * 2


def _piece_forms(piece: str) -> tuple[str, ...]:
    """Return the tokens of a piece of text that holds no blank: folded, accented, folded, accented, and so on."""
    forms: list[str] = []
    for word in _WORD.findall(accented(piece)):
        plain = word.rstrip("+#♯").replace("&", "n")
        term = SINGLE_TERMS.get(word) or SINGLE_TERMS.get(plain)
        forms += (form for token in term for form in (token, token)) if term else _word_forms(plain)
    return tuple(forms)


class _PieceMemory(dict[str, tuple[str, ...]]):
    """The forms of pieces seen before, since a language repeats its words: some 10 MB of ordinary text, 40 MB of hostile text at most.

    When it is full its content becomes the older generation, from which only what is met again comes back.
    """

    max_pieces = 16_384
    max_piece_length = 24
    max_tokens = 2

    def __init__(self) -> None:
        super().__init__()
        self._older: dict[str, tuple[str, ...]] = {}

    def __missing__(self, piece: str) -> tuple[str, ...]:
        forms = self._older.get(piece) or _piece_forms(piece)
        if len(piece) <= self.max_piece_length and len(forms) <= 2 * self.max_tokens:
            if len(self) >= self.max_pieces:
                self._older = dict(self)
                self.clear()
            self[piece] = forms
        return forms


_forms_of_piece = _PieceMemory().__getitem__


def _columns(text: str) -> tuple[list[str], list[str]]:
    """Return the folded and the accented words of `text`, in order and side by side."""
    forms = list(chain.from_iterable(map(_forms_of_piece, text.split())))
    folded, exact = forms[0::2], forms[1::2]
    join_rows(folded, exact)
    return folded, exact


def analyse(text: str) -> list[Token]:
    """Return the tokens of `text` in order: `Kỹ sư C++` gives `ky`/`kỹ`, `su`/`sư` and `cplusplus`/`cplusplus`. Never raises."""
    return list(map(Token, *_columns(text)))


def tokens(text: str) -> list[str]:
    """Return the folded tokens of `text`, each made of a-z and 0-9 and at most 255 long."""
    return _columns(text)[0]


def index_text(text: str) -> IndexText:
    """Return what an engine stores to find `text`, ready for `to_tsvector('simple', ...)` and for fields with the `standard` tokenizer."""
    return IndexText(*map(" ".join, _columns(text)))
