"""Counting as a shop does: how many jobs have each value, where a facet ignores the filter on itself."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, String, and_, case, func, select, true, tuple_
from sqlalchemy.sql import literal_column

from app.extensions import db
from app.search.engine import FACET_SIZE, FACETS, FacetCounts
from app.search.models import SearchDocument

_COLUMNS = {
    "job_type": SearchDocument.job_type,
    "experience_level": SearchDocument.experience_level,
    "location": SearchDocument.location,
    "company": SearchDocument.company_id,
    "remote": SearchDocument.is_remote,
}
# GROUPING gives a bit for each column that a row is not grouped by, the first column's the highest.
_ALL = 2 ** len(FACETS) - 1
_KIND = {name: _ALL - 2 ** (len(FACETS) - 1 - place) for place, name in enumerate(FACETS)}


def count(common: ColumnElement[bool], chosen: Mapping[str, ColumnElement[bool]]) -> tuple[int, dict[str, FacetCounts]]:
    """The total, and the counts of each facet, of the documents that meet `common` and the `chosen` conditions by facet. One scan."""
    rows = db.session.execute(_statement(common, chosen)).all()
    total = next((row.number for row in rows if row.kind == _ALL), 0)
    return total, {name: [(row[place], row.number) for row in rows if row.kind == _KIND[name]] for place, name in enumerate(FACETS)}


def _statement(common: ColumnElement[bool], chosen: Mapping[str, ColumnElement[bool]]) -> Select[tuple[object, ...]]:
    columns = [_COLUMNS[name].label(name) for name in FACETS]
    kind = func.grouping(*(_COLUMNS[name] for name in FACETS))
    number = case(*((kind == _KIND[name], _number(chosen, ignored=name)) for name in chosen), else_=_number(chosen)) if chosen else _number(chosen)
    sets = func.grouping_sets(*(tuple_(_COLUMNS[name]) for name in FACETS), literal_column("()"))
    grouped = select(*columns, kind.label("kind"), number.label("number")).where(common).group_by(sets).subquery()

    values = [grouped.c[name] for name in FACETS]
    is_value = (grouped.c.kind == _ALL) | (func.num_nonnulls(*values) > 0)
    # Of equals the first in the order that Elasticsearch has, whatever the database's language.
    ties = [value.collate("C") if isinstance(value.type, String) else value for value in values]
    place = func.row_number().over(partition_by=grouped.c.kind, order_by=[grouped.c.number.desc(), *ties])
    ranked = select(grouped, place.label("place")).where(grouped.c.number > 0, is_value).subquery()
    return select(ranked).where(ranked.c.place <= FACET_SIZE).order_by(ranked.c.kind, ranked.c.place)


def _number(chosen: Mapping[str, ColumnElement[bool]], ignored: str | None = None) -> ColumnElement[int]:
    conditions = [condition for name, condition in chosen.items() if name != ignored]
    return func.count().filter(and_(true(), *conditions)) if conditions else func.count()
