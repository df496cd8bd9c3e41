"""Filters as SQL, on the rows of jobs and on search documents alike: both have the columns that are filtered, under the same names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, literal, or_, true, tuple_

from app.core.clock import today
from app.jobs.models import Job
from app.search.criteria import NEWEST, Filters, Place
from app.search.models import SearchDocument

Listed = type[Job] | type[SearchDocument]


def by_facet(row: Listed, wanted: Filters) -> dict[str, ColumnElement[bool]]:
    """The conditions that belong to a facet, by its name; a filter that asks for nothing has none."""
    found: dict[str, ColumnElement[bool]] = {}
    if wanted.job_types:
        found["job_type"] = row.job_type.in_(wanted.job_types)
    if wanted.experience_levels:
        found["experience_level"] = row.experience_level.in_(wanted.experience_levels)
    if wanted.place is not None:
        found["location"] = at_place(row, wanted.place)
    if wanted.company_ids:
        found["company"] = row.company_id.in_(wanted.company_ids)
    if wanted.is_remote is not None:
        found["remote"] = row.is_remote.is_(wanted.is_remote)
    return found


def others(row: Listed, wanted: Filters) -> ColumnElement[bool]:
    """The remaining conditions: pay, and how long ago the job was posted."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.salary_min is not None:
        conditions.append(func.coalesce(row.salary_max, row.salary_min) >= wanted.salary_min)
    if wanted.salary_max is not None:
        conditions.append(func.coalesce(row.salary_min, row.salary_max) <= wanted.salary_max)
    if wanted.currency is not None:
        conditions.append(row.currency == wanted.currency)
    if wanted.posted_after is not None:
        conditions.append(row.created_at >= wanted.posted_after)
    return and_(true(), *conditions)


def every(row: Listed, wanted: Filters) -> ColumnElement[bool]:
    """All conditions of the filters."""
    return and_(others(row, wanted), *by_facet(row, wanted).values())


def at_place(row: Listed, place: Place) -> ColumnElement[bool]:
    """The job's location is the place, or lies in it."""
    named = and_(*(or_(*(row.location_folded.like(pattern) for pattern in group)) for group in place.groups))
    return or_(row.location_folded.like(place.whole), named)


def not_past(row: Listed) -> ColumnElement[bool]:
    """The deadline, if any, is today or later."""
    return or_(row.deadline.is_(None), row.deadline >= today())


def sorting(row: Listed, ordering: str, tie: SQLColumnExpression[int]) -> Sequence[ColumnElement[Any]]:
    """ORDER BY for a name of `criteria.ORDERINGS`, `-` in front for descending; made total by the id, unknown values last."""
    column = sorted_by(row, ordering)
    if not ordering.startswith("-"):
        return [column.asc().nulls_last(), tie.asc()]
    # Every job has a time of creation: without a word about nulls the order is that of the index.
    return [column.desc() if ordering == NEWEST else column.desc().nulls_last(), tie.desc()]


def sorted_by(row: Listed, ordering: str) -> ColumnElement[Any]:
    """What a name of `criteria.ORDERINGS` sorts by. Titles by their characters' numbers, as Elasticsearch does, whatever the database's language."""
    name = ordering.removeprefix("-")
    return func.lower(row.title).collate("C") if name == "title" else getattr(row, name)


def beyond(row: Listed, ordering: str, tie: SQLColumnExpression[int], value: Any, last_id: int) -> ColumnElement[bool]:
    """What comes after the row of that value and id in the order of `sorting`."""
    column = sorted_by(row, ordering)
    is_falling = ordering.startswith("-")
    is_later = tie < last_id if is_falling else tie > last_id
    if value is None:
        return and_(column.is_(None), is_later)
    here, there = tuple_(column, tie), tuple_(literal(value), literal(last_id))
    following = here < there if is_falling else here > there
    return following if ordering == NEWEST else or_(following, column.is_(None))
