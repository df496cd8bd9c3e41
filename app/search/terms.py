"""Technical terms kept whole: the table in `data/terms.toml` and the joining of words in a row."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data" / "terms.toml"


class Row(NamedTuple):
    """The words that follow a first word to make a term, and the tokens that stand for all of them."""

    rest: list[str]
    stands_for: list[str]


def _load() -> tuple[dict[str, list[str]], dict[str, list[Row]]]:
    """Return the terms of one word, and those of several words by their first word, longest first."""
    single: dict[str, list[str]] = {}
    rows: dict[str, list[Row]] = {}
    for section in tomllib.loads(_DATA.read_text("utf-8")).values():
        for written, stands_for in section.items():
            head, *rest = written.split()
            if rest:
                rows.setdefault(head, []).append(Row(rest, stands_for.split()))
            else:
                single[head] = stands_for.split()
    for candidates in rows.values():
        candidates.sort(key=lambda row: -len(row.rest))
    return single, rows


SINGLE_TERMS, _ROWS = _load()


def _row_at(folded: list[str], place: int) -> Row | None:
    return next((row for row in _ROWS[folded[place]] if folded[place + 1 : place + 1 + len(row.rest)] == row.rest), None)


def join_rows(folded: list[str], accented: list[str]) -> None:
    """Replace, in both parallel lists, words in a row that make a term; leftmost and longest first, each word used once."""
    found: list[tuple[int, Row]] = []
    free_from = 0
    for place in [place for place, word in enumerate(folded) if word in _ROWS]:
        row = _row_at(folded, place) if place >= free_from else None
        if row:
            found.append((place, row))
            free_from = place + 1 + len(row.rest)
    # From the right, so that the places further left stay true while the lists change their length.
    for place, row in reversed(found):
        end = place + 1 + len(row.rest)
        folded[place:end] = accented[place:end] = row.stands_for


@cache
def written_forms() -> dict[str, list[str]]:
    """How each token of the table is written in texts, the longest first: `csharp` as `c sharp`, `c#` and `c♯`; words in a row have one blank."""
    forms: dict[str, list[str]] = {}
    rows = [(" ".join([head, *row.rest]), row.stands_for) for head, found in _ROWS.items() for row in found]
    for form, tokens in [*SINGLE_TERMS.items(), *rows]:
        for token in tokens:
            forms.setdefault(token, []).append(form)
    return {token: sorted(found, key=lambda form: (-len(form), form)) for token, found in forms.items()}
