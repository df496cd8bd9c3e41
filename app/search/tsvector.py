"""A document's words in the syntax of PostgreSQL's `tsvector`, with positions and weights.

Made here and not by `to_tsvector`, so that fields keep apart: a phrase never matches across the end of a field.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, islice, repeat
from typing import NamedTuple

GAP = 10
"""Positions between two fields."""

MAX_POSITION = 16_383
"""PostgreSQL counts no further (manual, 11.1, limitations of text search); words beyond are found, but not told apart by place."""

# Each position is written thousands of times while an index is built.
_LABELS = {weight: [f"{position}{weight}" for position in range(MAX_POSITION + 1)] for weight in "ABCD"}


class Field(NamedTuple):
    """A field of weight A to D: forms of its words, side by side at the same positions, and lexemes that begin at a word's place, from 0."""

    weight: str
    forms: Sequence[Sequence[str]]
    also: Sequence[tuple[int, str]] = ()


def render(fields: Iterable[Field]) -> str:
    """The vector of the fields one after the other. Words are of letters and digits only, as the pipeline makes them."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    start = 1
    for field in fields:
        labels = _LABELS[field.weight]
        for words in field.forms:
            # What is beyond the table has the last position.
            for word, label in zip(words, chain(islice(labels, start, None), repeat(labels[-1])), strict=False):
                places[word].append(label)
        for place, lexeme in field.also:
            places[lexeme].append(labels[min(start + place, MAX_POSITION)])
        start += max(map(len, field.forms), default=0) + GAP
    return " ".join([f"{word}:{','.join(found)}" for word, found in places.items()])
