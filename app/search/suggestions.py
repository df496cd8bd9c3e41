"""What a person who types into the search field may mean: titles, companies and skills of open jobs.

Read from two small tables that `suggestion_upkeep` refreshes every few minutes, so both engines suggest alike. A new title is therefore suggested
with that delay; one whose jobs are gone is left out at once, because its jobs are looked at when it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, any_, literal, select
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
    found = _shown([row for row in _read(_beginning_with(text)) if prefixes.begins(row.folded, text)], text, limit)
    if not found and len(text) >= prefixes.MIN_CORRECTED:
        found = _shown([row for row in _read(_one_slip_away(text)) if prefixes.begins_with_slip(row.folded, text)], text, limit)
    return found


def _beginning_with(text: str) -> list[int]:
    return _ids(SearchPrefix.prefix == text if len(text) <= prefixes.KEPT else _in_range(text))


def _one_slip_away(text: str) -> list[int]:
    near = _ids(SearchPrefix.prefix == any_(literal(prefixes.slips(text), ARRAY(Text))))
    return near if len(text) <= prefixes.KEPT else near + _ids(_in_range(text[: prefixes.KEPT]))


def _in_range(text: str) -> ColumnElement[bool]:
    return and_(SearchPrefix.prefix >= text, SearchPrefix.prefix < text + _BEYOND_LETTERS)


def _ids(condition: ColumnElement[bool]) -> list[int]:
    rows = db.session.scalars(select(SearchPrefix.suggestion_ids).where(condition).order_by(SearchPrefix.prefix).limit(_READ)).all()
    return list(dict.fromkeys(number for ids in rows for number in ids))[:_READ]


def _read(ids: Sequence[int]) -> Sequence[Any]:
    table = SearchSuggestion
    columns = (table.id, table.kind, table.label, table.company_id, table.folded, table.weight)
    return db.session.execute(select(*columns).where(table.id == any_(literal(ids, ARRAY(BigInteger))))).all()


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
