"""One list of skills, whether it is sent as names, as items or as both."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.resumes.skills import Wanted, merge

STORED = [{"id": 1, "name": "Python", "level": 5}, {"id": 2, "name": "Go", "level": 2}]


@pytest.mark.parametrize(
    ("names", "items", "expected"),
    [
        (["Go", "Rust"], None, [(2, "Go", 2), (3, "Rust", 3)]),
        ([], None, []),
        (["PYTHON", "python"], None, [(1, "PYTHON", 5)]),
        (None, [Wanted("Python", 4)], [(1, "Python", 4)]),
        (None, [Wanted("Python")], [(1, "Python", 5)]),
        (None, [Wanted("Golang", 4, 2)], [(2, "Golang", 4)]),
        (None, [Wanted("Rust", 1, 99)], [(3, "Rust", 1)]),
        (None, [Wanted("A", 1, 1), Wanted("B", 1, 1)], [(1, "A", 1), (3, "B", 1)]),
        (["Rust", "Go"], [Wanted("Go", 4)], [(3, "Rust", 3), (2, "Go", 4)]),
        ([], [Wanted("Go", 4)], [(2, "Go", 4)]),
        (["Go"], [], [(2, "Go", 2)]),
    ],
)
def test_what_is_sent_meets_what_is_stored(names: list[str] | None, items: list[Wanted] | None, expected: list[tuple[int, str, int]]) -> None:
    rows = merge(STORED, names=names, items=items)

    assert [(row["id"], row["name"], row["level"]) for row in rows] == expected


NAMES = st.lists(st.sampled_from(["Go", "go", "Python", "Rust", "SQL"]), max_size=6)
ITEMS = st.lists(st.builds(Wanted, st.sampled_from(["Go", "Python", "C"]), st.none() | st.integers(1, 5), st.none() | st.integers(1, 6)), max_size=6)


@given(st.lists(st.tuples(st.none() | NAMES, st.none() | ITEMS), max_size=5))
def test_ids_and_names_stay_unique_and_levels_valid(edits: list[tuple[list[str] | None, list[Wanted] | None]]) -> None:
    rows: list[dict[str, Any]] = []
    for names, items in edits:
        if names is not None or items is not None:
            rows = merge(rows, names=names, items=items)

    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["name"].casefold() for row in rows}) == len(rows)
    assert all(1 <= row["level"] <= 5 for row in rows)
    assert merge(rows, names=[row["name"] for row in rows]) == rows
