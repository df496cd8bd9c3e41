"""Where a page ended in an order by facts, as values of JSON, and what comes after it. For rows of jobs and search documents alike."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, select

from app.search.conditions import Listed, beyond, sorted_by, sorting

Key = Sequence[str | int | float | bool | None]


def select_sorted(
    row: Listed, tie: SQLColumnExpression[int], matching: ColumnElement[bool], ordering: str, after: Key | None
) -> Select[tuple[Any, int]]:
    """What matches in the order of `criteria.ORDERINGS`, from behind the key on: of each the value that it is sorted by, and its `job_id`."""
    found = select(sorted_by(row, ordering).label("value"), tie.label("job_id")).where(matching)
    if after is not None:
        value, last_id = after
        found = found.where(beyond(row, ordering, tie, _typed(ordering, value), int(last_id or 0)))
    return found.order_by(*sorting(row, ordering, tie))


def key_of(row: Row[Any]) -> list[Any]:
    """The key of a selected row."""
    return [value.isoformat() if isinstance(value, date) else value for value in row]


def _typed(ordering: str, value: Any) -> Any:
    """A value of a key in its own type."""
    name = ordering.removeprefix("-")
    if value is None or name not in ("created_at", "deadline"):
        return value
    return datetime.fromisoformat(value) if name == "created_at" else date.fromisoformat(value)
