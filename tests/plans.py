"""How the database would carry out the statements of a block."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.extensions import db

Node = dict[str, Any]


@contextmanager
def plans_of(table: str) -> Iterator[list[Node]]:
    """Collects the nodes of the plans of all statements about `table`, each with the plan's own names for what it does."""
    found: list[Node] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if re.search(rf"\b{table}\b", statement) and statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            with connection.connection.dbapi_connection.cursor() as other:
                (plan,) = other.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()
                found.extend(_nodes(plan[0]["Plan"]))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


@contextmanager
def time_limits_of(table: str) -> Iterator[set[str]]:
    """Collects the time limits under which statements about `table` run: `0` is none."""
    found: set[str] = set()

    def ask(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if re.search(rf"\b{table}\b", statement):
            with connection.connection.dbapi_connection.cursor() as other:
                found.add(other.execute("SHOW statement_timeout").fetchone()[0])

    event.listen(db.engine, "before_cursor_execute", ask)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", ask)


def looked_up_by(plans: list[Node], column: str) -> bool:
    """Whether an index is searched by `column`."""
    return any(re.search(rf"\b{column}\b", node.get("Index Cond", "")) for node in plans)


def read_as_a_whole(plans: list[Node]) -> set[str]:
    """The tables of which every row is looked at."""
    return {node["Relation Name"] for node in plans if node["Node Type"] == "Seq Scan"}


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
