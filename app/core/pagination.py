"""Lists as `{count, next, previous, results}` by limit and offset, with whitelisted ordering."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from pydantic import Field, create_model
from sqlalchemy import Select, SQLColumnExpression, func, select

from app.core.problems import Invalid
from app.core.schemas import InModel, OutModel
from app.extensions import db

MAX_OFFSET = 100_000

Row = TypeVar("Row")
Out = TypeVar("Out", bound=OutModel)


class ListQuery(InModel):
    """The query parameters of every list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0
    ordering: str | None = None


class Page(OutModel, Generic[Out]):
    """One page of a list; `next` and `previous` are addresses or null."""

    count: int
    next: str | None
    previous: str | None
    results: list[Out]


def page_of(item: type[Out]) -> type[Page[Out]]:
    """The page model of `item`, named `<Item>Page` in the OpenAPI document."""
    return create_model(f"{item.__name__}Page", __base__=Page[item])  # type: ignore[valid-type]  # A type at run time.


def paginate(
    statement: Select[Any], query: ListQuery, *, orderings: Mapping[str, SQLColumnExpression[Any]], tie: SQLColumnExpression[Any]
) -> tuple[Sequence[Any], int]:
    """The rows of one page and the total. Two queries; the order is made total by `tie`, descending by default."""
    total = db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
    ordered = statement.order_by(*order_by(query.ordering, orderings), tie.desc())
    rows = db.session.scalars(ordered.limit(query.limit).offset(query.offset)).unique().all()
    return rows, total


def order_by(ordering: str | None, orderings: Mapping[str, SQLColumnExpression[Any]]) -> list[SQLColumnExpression[Any]]:
    """The ORDER BY terms of `field` or `-field`. Raises Invalid for a field that is not listed."""
    if ordering is None:
        return []
    column = orderings.get(ordering.removeprefix("-"))
    if column is None:
        raise Invalid({"ordering": f"Choose one of: {', '.join(sorted(orderings))}, with - in front for descending."})
    return [column.desc().nulls_last() if ordering.startswith("-") else column.asc().nulls_last()]


def page(model: type[Page[Out]], rows: Sequence[Row], total: int, query: ListQuery, to_out: Callable[[Row], Out]) -> Page[Out]:
    """Assemble the answer with its links, which keep the request's other parameters."""
    following = query.offset + query.limit
    return model(
        count=total,
        next=link(limit=query.limit, offset=following) if following < total else None,
        previous=link(limit=query.limit, offset=max(0, query.offset - query.limit)) if query.offset else None,
        results=[to_out(row) for row in rows],
    )


def link(**changes: Any) -> str:
    """The address of the present request with other parameters; None takes one away."""
    parameters = {**request.args.to_dict(flat=False), **changes}
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{request.base_url}?{urlencode(given, doseq=True)}"
