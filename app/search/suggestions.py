"""What a person who types into the search field may mean: titles, companies and skills of open jobs.

Read from two small tables that `suggestion_upkeep` refreshes every few minutes, so both engines suggest alike. A new title is therefore suggested
with that delay; one whose jobs are gone is left out at once, because its jobs are looked at when it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, any_, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job
from app.search import prefixes
from app.search.models import SearchPrefix, SearchSuggestion, SuggestionKind
from app.search.text import tokens

MOST = 10
_READ = 300
_BEYOND_LETTERS = "{"

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to search for. A company comes with its id."""

    kind: SuggestionKind
    text: str
    company_id: int | None


def suggest(typed: str, *, limit: int = MOST) -> list[Suggestion]:
    """The suggestions in which a word begins as what was typed, accents ignored; when there are none, those one slip away."""
    text = " ".join(tokens(typed))
    if not text:
        return []
    found = _shown([row for row in _read(_kept(text)) if prefixes.begins(row.folded, text)], text, limit)
    if not found and len(text) >= prefixes.MIN_CORRECTED:
        found = _shown([row for row in _read(*_one_slip_away(text)) if prefixes.begins_with_slip(row.folded, text)], text, limit)
    return found


def _kept(text: str) -> Condition:
    return SearchPrefix.prefix == text if len(text) <= prefixes.KEPT else _in_range(text)


def _one_slip_away(text: str) -> list[Condition]:
    # As one text: a thousand elements of an array would each be made a parameter's.
    near = SearchPrefix.prefix == any_(func.string_to_array(",".join(prefixes.slips(text)), ",", type_=ARRAY(Text)))
    return [near] if len(text) <= prefixes.KEPT else [near, _in_range(text[: prefixes.KEPT])]


def _in_range(text: str) -> Condition:
    return and_(SearchPrefix.prefix >= text, SearchPrefix.prefix < text + _BEYOND_LETTERS)


def _read(*conditions: Condition) -> Sequence[Any]:
    """The suggestions that are kept under beginnings which meet a condition, those of the first condition before others. One statement."""
    kept = select(func.unnest(SearchPrefix.suggestion_ids).label("id")).where(or_(*conditions))
    first = kept.order_by(*(condition.desc() for condition in conditions[:-1]), SearchPrefix.prefix).limit(_READ)
    table = SearchSuggestion
    columns = (table.id, table.kind, table.label, table.company_id, table.folded, table.weight)
    return db.session.execute(select(*columns).where(table.id == any_(func.array(first.scalar_subquery())))).all()


def _shown(rows: Sequence[Any], text: str, limit: int) -> list[Suggestion]:
    """The best that have an open job: those that begin so as a whole come first, then what more jobs have."""
    ranked = sorted(rows, key=lambda row: (not row.folded.startswith(text), -row.weight, len(row.label), row.label))[: 2 * limit]
    are_open = _having_open_jobs([row.id for row in ranked])
    return [Suggestion(row.kind, row.label, row.company_id) for row in ranked if row.id in are_open][:limit]


def _having_open_jobs(ids: Sequence[int]) -> set[int]:
    """Those of the suggestions that have an open job. A deleted company has none."""
    if not ids:
        return set()
    live = select(Job.id).where(Job.id == any_(SearchSuggestion.job_ids), company_jobs.is_taking_applications())
    return set(db.session.scalars(select(SearchSuggestion.id).where(SearchSuggestion.id.in_(ids), live.exists())))
