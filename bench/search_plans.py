"""How PostgreSQL goes about each statement of a search: every look into a large table must be by the condition of an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.extensions import db

LARGE = ("jobs", "search_documents", "search_words", "search_suggestions", "search_prefixes")

Plan = dict[str, Any]


@contextmanager
def explained(plans: list[tuple[str, Plan]]) -> Iterator[None]:
    """Add to `plans` each statement that reads while the block lasts, and its plan, made with the statement's own settings and parameters."""

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            with connection.connection.dbapi_connection.cursor() as other:
                (plan,) = other.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()
                plans.append((statement, plan[0]["Plan"]))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def unaided(plan: Plan, inside: bool = False) -> Iterator[str]:
    """Looks into a large table that no condition of an index narrows: the table as it lies, or a whole index."""
    kind, relation = plan["Node Type"], plan.get("Relation Name")
    is_large = inside or relation in LARGE
    if is_large and kind == "Seq Scan":
        yield f"Seq Scan on {relation}"
    elif is_large and kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan") and "Index Cond" not in plan:
        yield f"{kind} of all of {plan['Index Name']}"
    for part in plan.get("Plans", []):
        yield from unaided(part, inside=relation in LARGE or (inside and relation is None))
