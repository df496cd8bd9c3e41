"""Cleans what people typed or pasted: composed letters, no invisible or control characters, tamed white space.

Nothing visible is interpreted or lost: markup, template syntax and list signs stay the characters they are.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any
from unicodedata import normalize

LINE_LIMIT = 300

# Line ends of every platform, Unicode's own and the form feed of text copied out of a PDF.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

# Controls, lone surrogates, noncharacters and the Default_Ignorable_Code_Point set of the Unicode Character Database: zero-width
# characters, joiners, bidirectional embeddings, overrides and isolates, fillers, variation selectors and tags. They print nothing and
# serve to hide text, to reorder it or to break searching in the PDF.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

# Three marks on one letter are more than any living language needs; a taller stack would run over the lines above and below.
MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARK_STACK = re.compile(f"({MARKS}{{3}}){MARKS}+")

# Word processors write their bullets as private-use characters of Symbol and Wingdings, which no other font shows.
_PRIVATE_BULLETS = dict.fromkeys(map(ord, "\uf076\uf0a7\uf0a8\uf0b7\uf0d8\uf0fc"), "•")

# A flag is two of these, the letters of its country; no bundled font has them, so they print as letters, as on some systems.
_FLAG_LETTERS = {0x1F1E6 + place: chr(ord("A") + place) for place in range(26)}
_SHOWN = _PRIVATE_BULLETS | _FLAG_LETTERS


def clean(value: Any) -> str:
    """The value as composed (NFC) visible text with `\\n` line ends; anything but text, a number or a date is the empty string."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _number(value)
    if not isinstance(value, str):
        return ""
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", value)).translate(_SHOWN)
    return _MARK_STACK.sub(r"\1", normalize("NFC", text))


def _number(value: int | float | Decimal) -> str:
    # Python refuses to write out integers of several thousand digits; none of that size is a grade or a year.
    return "" if isinstance(value, int) and value.bit_length() > 64 else str(value)


def one_line(value: Any, limit: int = LINE_LIMIT) -> str:
    """A name, a title, a place: white space collapsed; past `limit` characters an ellipsis shows that the rest is left out."""
    raw = value[: limit * 10] if isinstance(value, str) else value
    text = " ".join(clean(raw).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
