"""Syllables that are spelled in two ways: `kĩ thuật` and `kỹ thuật`, `qui trình` and `quy trình`, `công ti` and `công ty`."""

import re

from app.search.text import Token

_EITHER = re.compile("(?:[hklmst]|qu)[iy]")
_WITH_I, _WITH_Y = "iíìỉĩị", "yýỳỷỹỵ"
_OTHER = str.maketrans(_WITH_I + _WITH_Y, _WITH_Y + _WITH_I)


def other_spelling(word: Token) -> Token | None:
    """The word with `y` for its last `i`, or `i` for its `y`; None unless it is a syllable that people spell either way."""
    if not _EITHER.fullmatch(word.folded):
        return None
    return Token(*(form[:-1] + form[-1].translate(_OTHER) for form in word))
