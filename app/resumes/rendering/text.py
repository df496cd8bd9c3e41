"""Free text as paragraphs and lists, and room to break in words that are longer than a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.core.printing.text import MARKS, clean

PROSE_LIMIT = 10_000

_SPACES = re.compile(r"[^\S\n]+")

_POINT = re.compile(r"([-–—•·▪◦‣⁃*+●○■□►▶▸➢➤❖✓✔✗»→]|\d{1,2}[.)]) ?(?<=[ •●▪■►▶▸➢➤❖✓✔])(\S.*)")

# Languages that are written without spaces (here the East Asian ones) break by their own rules and stay out of this.
_UNBROKEN = re.compile("[^\\s\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]{48,}")
# Broken at its hyphen, a word such as “nơ-ron” would lose it to programs that join the parts of words at the ends of lines.
_HYPHENATED = re.compile(r"(?<!\S)(?=\S{1,24}(?!\S))[^\s-]+-\S+")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")

_EIGHT = re.compile(f"(?:\\S{MARKS}*){{8}}")


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring lines of one kind: a paragraph when every `mark` is empty, else the points of a list with their typed signs."""

    lines: tuple[tuple[str, str], ...]

    @property
    def is_list(self) -> bool:
        """Whether the block holds list points."""
        return bool(self.lines[0][0])


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
    """The text with zero-width spaces in words of 48 characters and more, where a line may end, and joiners where none may.

    Without them the layout engine measures the whole rest of such a word anew for every line, and 10,000 letters take many seconds.
    The PDF's own text has none of these characters.
    """
    held = _HYPHENATED.sub(lambda word: _HYPHEN.sub("-\u2060", word[0]), text.replace(" · ", " \u2060· "))
    return _UNBROKEN.sub(lambda word: _EIGHT.sub("\\g<0>\u200b", word[0]), held)


def breakable_address(text: str) -> str:
    """A web or e-mail address that may also end a line after `@` and `/`, for narrow columns."""
    return breakable(re.sub("(?<=[@/])(?=.)", "\u200b", text))
