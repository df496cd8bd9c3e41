"""Character maps: the folded form of a text, which ignores accents, and the accented form, which keeps them.

Both work on canonical decompositions, so the composed and the decomposed spelling of a letter give the same result, and both accept any `str`:
NUL, other control characters and lone surrogates become spaces. Full-width forms, ligatures and superscripts become the plain characters.
"""

import re
import unicodedata
from collections.abc import Callable

# Characters beyond this point are mapped anew each time, so hostile text cannot grow the tables without bound.
_TABLE_LIMIT = 0x3000

_MARKS = frozenset({"Mn", "Me"})
_BLANKS = frozenset({"Cc", "Cs"})

# Letters that Unicode does not decompose although people type them without the stroke, and signs whose decomposition would glue letters to a word.
_PLAIN = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
_GLUED_SIGNS = frozenset("™℠\N{ZERO WIDTH SPACE}")


class _Table(dict[int, str]):
    """A table for `str.translate` that computes an entry when it is first needed."""

    def __init__(self, mapped: Callable[[str], str]) -> None:
        super().__init__()
        self._mapped = mapped

    def __missing__(self, code: int) -> str:
        result = self._mapped(chr(code))
        if code < _TABLE_LIMIT:
            self[code] = result
        return result


def _without_marks(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) not in _MARKS)


def _compatible(char: str) -> str:
    """Return the compatibility decomposition; a letter that would leave no letter behind stays as it is."""
    category = unicodedata.category(char)
    if char in _GLUED_SIGNS or (category in _BLANKS and not char.isspace()):
        return " "
    if category == "Cf":
        return ""
    if category == "Nd":
        return str(unicodedata.digit(char))
    plain = unicodedata.normalize("NFKD", char)
    vanishes = char.isalpha() and not any(part.isalpha() for part in plain)
    return char if vanishes else plain


def _folded(char: str) -> str:
    """Return the fixed point of decomposing, dropping marks and folding case."""
    while True:
        parts = _without_marks("".join(map(_compatible, char)))
        plain = "".join(_PLAIN.get(part, part) for part in parts.casefold())
        if plain == char:
            return plain
        char = plain


def _folded_alike(char: str) -> str:
    folded = _folded(char)
    return folded if len(folded) == 1 else char


_COMPATIBLE = _Table(_compatible)
_FOLDED = _Table(_folded)
_FOLDED_ALIKE = _Table(_folded_alike)
_UNMARKED = _Table(_without_marks)

_TONES = "\u0301\u0300\u0309\u0303\u0323"
_TONED_O, _TONED_U = ("".join(unicodedata.normalize("NFC", vowel + tone) for tone in _TONES) for vowel in "ou")
_OLD_TONE = re.compile(f"(?:[{_TONED_O}](?=[ae])|[{_TONED_U}](?=y)).")


def _new_tone(match: re.Match[str]) -> str:
    toned, plain = tuple(match[0])
    vowel, tone = tuple(unicodedata.normalize("NFD", toned))
    return vowel + unicodedata.normalize("NFC", plain + tone)


def fold(text: str) -> str:
    """Return `text` in lower case without accents: `Kỹ sư Điện` gives `ky su dien`.

    Each character is mapped on its own, so folding is idempotent, never raises, and gives at least one letter for each letter. Letters of other
    scripts lose only their case and marks; Hangul syllables come out as jamo.
    """
    return text.translate(_FOLDED)


def fold_in_place(text: str) -> str:
    """Return `text` folded as far as its length stays, so that a place in the result is the same place in `text`; compose it first (NFC)."""
    return text.translate(_FOLDED_ALIKE)


def accented(text: str) -> str:
    """Return `text` in lower case, composed (NFC), with its accents and with the tone mark where the new spelling puts it.

    Old and new placement (`hòa` and `hoà`, `khỏe` and `khoẻ`, `thủy` and `thuỷ`) give the same result, and so do slips of the same kind
    (`tòan`, `hùynh`): an `o` before `a` or `e`, and a `u` before `y`, hand their tone on. Folding the result equals folding `text`.
    """
    lowered = text.lower()
    if lowered.isalpha() and unicodedata.is_normalized("NFKC", lowered):
        # The common word: letters and nothing to decompose or to drop.
        return _OLD_TONE.sub(_new_tone, lowered)
    composed = unicodedata.normalize("NFC", text.translate(_COMPATIBLE).lower())
    if composed.isascii():
        return composed
    # Marks that composed with no letter go; what they kept apart (Hangul jamo) may then compose.
    unmarked = unicodedata.normalize("NFC", composed.translate(_UNMARKED))
    return _OLD_TONE.sub(_new_tone, unmarked)
