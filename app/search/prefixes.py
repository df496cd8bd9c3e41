"""Beginnings of suggestions: which are kept, and what a mistyped one may have meant. Pure, on folded words separated by blanks.

For each beginning of up to `KEPT` characters the best suggestions are worked out beforehand, so that a look-up costs the same whether many go on from
there or few. Of longer ones the whole text is kept: so few share a long beginning that they can be read.
"""

import re
from collections.abc import Iterator
from string import ascii_lowercase, digits

KEPT = 12
BEST = 15
"""Suggestions that are kept for a beginning: some more than are shown, since a few may be out of date."""

MIN_CORRECTED = 3
"""Characters that are needed before a slip is corrected."""

_STARTS = 8
_BLANK = re.compile(" ")
_SIGNS = ascii_lowercase + digits + " "


def keys(folded: str) -> Iterator[tuple[int, str]]:
    """The places of words, from 0, and under what the text is kept from each of them on."""
    words = folded.split()
    for place in range(min(len(words), _STARTS)):
        rest = " ".join(words[place:])
        yield from ((place, rest[:length]) for length in range(1, min(len(rest), KEPT) + 1) if rest[length - 1] != " ")
        if len(rest) > KEPT:
            yield place, rest


def slips(typed: str) -> list[str]:
    """The kept beginnings that are one slip away from the beginning of what was typed."""
    head = typed[:KEPT]
    places = range(len(head))
    missing = (head[:place] + head[place + 1 :] for place in places)
    swapped = (head[:place] + head[place + 1] + head[place] + head[place + 2 :] for place in places[:-1])
    replaced = (head[:place] + sign + head[place + 1 :] for place in places for sign in _SIGNS)
    added = ((head[:place] + sign + head[place:])[:KEPT] for place in range(len(head) + 1) for sign in _SIGNS)
    return sorted({*missing, *swapped, *replaced, *added} - {head, ""})


def begins(folded: str, typed: str) -> bool:
    """Whether what was typed is the beginning of the text from one of its words on."""
    return f" {folded}".find(f" {typed}") >= 0


def begins_with_slip(folded: str, typed: str) -> bool:
    """The same when one slip is allowed."""
    half = len(typed) // 2
    head, tail = typed[:half], typed[half + 1 :]
    starts = [0, *(blank.end() for blank in _BLANK.finditer(folded))]
    # A slip is in one half and leaves the other as it is: few texts are compared letter by letter.
    has_tail = tail in folded
    likely = (
        start
        for start in starts
        if folded.startswith(head, start) or (has_tail and any(folded.startswith(tail, start + half + by) for by in (0, 1, 2)))
    )
    return any(_is_slip(folded[start : start + len(typed) + 1], typed) for start in likely)


def _is_slip(rest: str, typed: str) -> bool:
    """Whether the rest goes on after one slip as typed."""
    same = next((place for place, (letter, other) in enumerate(zip(rest, typed, strict=False)) if letter != other), min(len(rest), len(typed)))
    is_swap = rest[same : same + 2] == typed[same : same + 2][::-1] and rest.startswith(typed[same + 2 :], same + 2)
    return is_swap or any(rest.startswith(typed[same + skipped :], same + added) for skipped, added in ((1, 0), (0, 1), (1, 1)))
