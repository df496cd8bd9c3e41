"""Keeps `skills` (names) and `skill_items` (names with levels and ids) one and the same list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_LEVEL = 3

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """A skill as it was sent: what is None is taken from the stored skill of that name."""

    name: str
    level: int | None = None
    id: int | None = None


def merge(stored: Rows, *, names: Sequence[str] | None = None, items: Sequence[Wanted] | None = None) -> Rows:
    """The skills `[{id, name, level}]` after `names`, `items` or both were sent; names are compared without regard to case.

    Names alone keep the levels and ids of those that stay. When both are sent, every skill that either names is kept, in the order
    of the names. Ids are unique within a résumé, and stay with their skill.
    """
    wanted = _unique(_combine(names, items))
    by_name = {row["name"].casefold(): row for row in stored}
    free = {row["id"] for row in stored}
    following = max(free, default=0) + 1
    rows: Rows = []
    for skill in wanted:
        known = by_name.get(skill.name.casefold(), {})
        number = next((candidate for candidate in (skill.id, known.get("id")) if candidate in free), None)
        if number is None:
            number, following = following, following + 1
        free.discard(number)
        rows.append({"id": number, "name": skill.name, "level": skill.level or known.get("level") or DEFAULT_LEVEL})
    return rows


def _combine(names: Sequence[str] | None, items: Sequence[Wanted] | None) -> Iterable[Wanted]:
    if names is None or items is None:
        return items or [Wanted(name) for name in names or ()]
    detailed = {item.name.casefold(): item for item in items}
    return [*(detailed.get(name.casefold(), Wanted(name)) for name in names), *items]


def _unique(skills: Iterable[Wanted]) -> list[Wanted]:
    first: dict[str, Wanted] = {}
    for skill in skills:
        first.setdefault(skill.name.casefold(), skill)
    return list(first.values())
