"""A document's words in the syntax of PostgreSQL's `tsvector`, with positions and weights.

Made here and not by `to_tsvector`, so that fields keep apart: a phrase never matches across the end of a field.
"""

from collections.abc import Iterable, Sequence

GAP = 10
"""Positions between two fields."""

MAX_POSITION = 16_383
"""PostgreSQL counts no further (manual, 12.3.2); words beyond are found but not told apart by place."""


def render(fields: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The vector of fields `(weight A to D, forms)`; forms are texts of tokens separated by blanks, side by side at the same positions."""
    places: dict[str, dict[str, None]] = {}
    start = 1
    for weight, forms in fields:
        length = 0
        for form in forms:
            tokens = form.split()
            length = max(length, len(tokens))
            for position, token in enumerate(tokens, start):
                places.setdefault(token, {})[f"{min(position, MAX_POSITION)}{weight}"] = None
        start += length + GAP
    return " ".join(f"{token}:{','.join(found)}" for token, found in places.items())
