"""A document's words in the syntax of PostgreSQL's `tsvector`, with positions and weights.

Made here and not by `to_tsvector`, so that fields keep apart: a phrase never matches across the end of a field.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, islice, repeat

GAP = 10
"""Positions between two fields."""

MAX_POSITION = 16_383
"""PostgreSQL counts no further (manual, 11.1, limitations of text search); words beyond are found, but not told apart by place."""

# Each position is written thousands of times while an index is built.
_LABELS = {weight: [f"{position}{weight}" for position in range(MAX_POSITION + 1)] for weight in "ABCD"}


def render(fields: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The vector of fields `(weight A to D, forms)`; forms are texts of tokens separated by blanks, side by side at the same positions."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    start = 1
    for weight, forms in fields:
        length = 0
        for tokens in map(str.split, forms):
            length = len(tokens)
            # What is beyond the table has the last position.
            for token, label in zip(tokens, chain(islice(_LABELS[weight], start, None), repeat(_LABELS[weight][-1])), strict=False):
                places[token].append(label)
        start += length + GAP
    return " ".join([f"{token}:{','.join(found)}" for token, found in places.items()])
