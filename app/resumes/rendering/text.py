"""Cleans what people typed or pasted: composed letters, no invisible or control characters, tamed white space.

Nothing visible is interpreted or lost: markup, template syntax and list signs stay the characters they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from unicodedata import normalize

LINE_LIMIT = 300
PROSE_LIMIT = 10_000

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
_SPACES = re.compile(r"[^\S\n]+")

# Three marks on one letter are more than any living language needs; a taller stack would run over the lines above and below.
_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARK_STACK = re.compile(f"({_MARKS}{{3}}){_MARKS}+")

# Word processors write their bullets as private-use characters of Symbol and Wingdings, which no other font shows.
_PRIVATE_BULLETS = str.maketrans(dict.fromkeys("\uf076\uf0a7\uf0a8\uf0b7\uf0d8\uf0fc", "•"))

_POINT = re.compile(r"([-–—•·▪◦‣⁃*+●○■□►▶▸➢➤❖✓✔✗»→]|\d{1,2}[.)]) ?(?<=[ •●▪■►▶▸➢➤❖✓✔])(\S.*)")

# Languages that are written without spaces (here the East Asian ones) break by their own rules and stay out of this.
_UNBROKEN = re.compile("[^\\s\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]{48,}")
_EIGHT = re.compile(f"(?:\\S{_MARKS}*){{8}}")


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring lines of one kind: a paragraph when every `mark` is empty, else the points of a list with their typed signs."""

    lines: tuple[tuple[str, str], ...]

    @property
    def is_list(self) -> bool:
        """Whether the block holds list points."""
        return bool(self.lines[0][0])


def clean(value: Any) -> str:
    """The value as composed (NFC) visible text with `\\n` line ends; anything but text, a number or a date is the empty string."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _number(value)
    if not isinstance(value, str):
        return ""
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", value)).translate(_PRIVATE_BULLETS)
    return _MARK_STACK.sub(r"\1", normalize("NFC", text))


def _number(value: int | float | Decimal) -> str:
    # Python refuses to write out integers of several thousand digits; none of that size is a grade or a year.
    return "" if isinstance(value, int) and value.bit_length() > 64 else str(value)


def one_line(value: Any, limit: int = LINE_LIMIT) -> str:
    """A name, a title, a place: white space collapsed; past `limit` characters an ellipsis shows that the rest is left out."""
    raw = value[: limit * 10] if isinstance(value, str) else value
    text = " ".join(clean(raw).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def blocks(value: Any) -> tuple[Block, ...]:
    """Free text as paragraphs and lists: every typed line keeps its own line, empty lines part paragraphs.

    Only the first `PROSE_LIMIT` characters are read; the caller refuses a longer text rather than print a part of it.
    """
    raw = value[:PROSE_LIMIT] if isinstance(value, str) else value
    paragraphs = re.split(r"\n\s*\n", _SPACES.sub(" ", clean(raw)))
    return tuple(block for paragraph in paragraphs for block in _paragraph_blocks(paragraph))


def _paragraph_blocks(paragraph: str) -> Iterator[Block]:
    lines = [_point(line) for line in map(str.strip, paragraph.split("\n")) if line]
    for _, run in groupby(lines, key=lambda line: bool(line[0])):
        yield Block(tuple(run))


def _point(line: str) -> tuple[str, str]:
    match = _POINT.fullmatch(line)
    return (match[1], match[2]) if match else ("", line)


def breakable(text: str) -> str:
    """The text with zero-width spaces in words of 48 characters and more, where a line may end. The PDF's own text has none of them.

    Without them the layout engine measures the whole rest of such a word anew for every line, and 10,000 letters take many seconds.
    """
    return _UNBROKEN.sub(lambda word: _EIGHT.sub("\\g<0>\u200b", word[0]), text)


def breakable_address(text: str) -> str:
    """A web or e-mail address that may also end a line after `@` and `/`, for narrow columns."""
    return breakable(re.sub("(?<=[@/])(?=.)", "\u200b", text))
