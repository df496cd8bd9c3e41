"""Refreshing what is suggested: beat asks for it every few minutes, and the demo data once.

Worked out anew from PostgreSQL's search documents, which are kept whichever engine answers; then only what differs is written. Not in the indexing
transaction: its batches would wait for each other at the rows of the common titles, for counts that nobody needs at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Integer, Row, and_, cast, delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from app.companies.models import Company
from app.extensions import db
from app.search import skills
from app.search.conditions import not_past
from app.search.models import SearchDocument, SearchPrefix, SearchSuggestion, SuggestionKind
from app.search.postgres_pages import fenced
from app.search.prefixes import BEST, keys
from app.search.query import parse
from app.search.ranking import as_tsquery, render
from app.search.text import tokens

MOST = 20_000
"""Titles that are suggested at most, the most frequent."""

SAMPLE = 5
"""Jobs that are remembered of a suggestion, the newest."""

_COUNTED = 1000
_BATCH = 5000
_LOCK = 7_310_002


class Entry(NamedTuple):
    """A row of `SearchSuggestion` without its id."""

    kind: SuggestionKind
    folded: str
    label: str
    company_id: int | None
    weight: int
    job_ids: list[int]


def refresh() -> int:
    """Make the suggestions true to the open jobs, in the open transaction; return how many there are. One at a time."""
    db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    entries = {(entry.kind, entry.folded): entry for entry in (*_skills(), *_companies(), *_titles())}
    if _store_suggestions(entries):
        _store_prefixes()
    return len(entries)


def _titles() -> Iterator[Entry]:
    number = func.count()
    grouped = select(SearchDocument.title, number.label("number"), _newest().label("job_ids")).where(_findable()).group_by(SearchDocument.title)
    spelt: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in db.session.execute(grouped.order_by(number.desc(), SearchDocument.title).limit(MOST)):
        spelt[_folded(row.title)].append(row)
    for folded, rows in spelt.items():
        # The most frequent spelling is shown.
        jobs = sorted({job_id for row in rows for job_id in row.job_ids}, reverse=True)[:SAMPLE]
        yield from _entry(SuggestionKind.TITLE, folded, rows[0].title, None, sum(row.number for row in rows), jobs)


def _companies() -> Iterator[Entry]:
    posted = select(SearchDocument.company_id, func.count().label("number"), _newest().label("job_ids")).where(_findable())
    grouped = posted.group_by(SearchDocument.company_id).subquery()
    rows = db.session.execute(select(Company.name, grouped).join(grouped, grouped.c.company_id == Company.id).where(Company.deleted_at.is_(None)))
    for row in rows:
        yield from _entry(SuggestionKind.COMPANY, _folded(row.name), row.name, row.company_id, row.number, row.job_ids)


def _skills() -> Iterator[Entry]:
    for label in skills.labels():
        words = SearchDocument.words.bool_op("@@")(as_tsquery(render(parse(f'"{label}"'))))
        having = fenced(select(SearchDocument.job_id).where(_findable(), words), "having")
        found = db.session.scalars(select(having.c.job_id).limit(_COUNTED)).all()
        yield from _entry(SuggestionKind.SKILL, _folded(label), label, None, len(found), sorted(found, reverse=True)[:SAMPLE])


def _entry(kind: SuggestionKind, folded: str, label: str, company_id: int | None, number: int, job_ids: list[int]) -> Iterator[Entry]:
    if folded and number:
        yield Entry(kind, folded, label, company_id, number.bit_length(), job_ids)


def _findable() -> Any:
    return and_(~SearchDocument.is_deleted, not_past(SearchDocument))


def _newest() -> Any:
    """The ids of the group's newest jobs, by their ids."""
    ids = func.array_agg(aggregate_order_by(SearchDocument.job_id, SearchDocument.job_id.desc()))
    return func.trim_array(ids, cast(func.greatest(func.count() - SAMPLE, 0), Integer))


def _folded(label: str) -> str:
    return " ".join(tokens(label))


def _store_suggestions(entries: dict[tuple[SuggestionKind, str], Entry]) -> bool:
    """Write what differs; tell whether anything does by which suggestions are found or ordered."""
    columns = [getattr(SearchSuggestion, name) for name in Entry._fields]
    stored = {(row.kind, row.folded): row for row in db.session.execute(select(SearchSuggestion.id, *columns))}
    gone = [row.id for key, row in stored.items() if key not in entries]
    for batch in _batches(gone):
        db.session.execute(delete(SearchSuggestion).where(SearchSuggestion.id.in_(batch)))
    changed = [entry._asdict() for key, entry in entries.items() if key not in stored or tuple(stored[key][1:]) != tuple(entry)]
    for rows in _batches(changed):
        statement = insert(SearchSuggestion).values(rows)
        new = {name: statement.excluded[name] for name in ("label", "company_id", "weight", "job_ids")}
        db.session.execute(statement.on_conflict_do_update(index_elements=["kind", "folded"], set_=new))
    return bool(gone) or any(_rank(stored.get((row["kind"], row["folded"]))) != (row["label"], row["weight"]) for row in changed)


def _rank(row: Row[Any] | None) -> tuple[str, int] | None:
    return (row.label, row.weight) if row else None


def _store_prefixes() -> None:
    wanted = _prefixes(db.session.execute(select(SearchSuggestion.id, SearchSuggestion.folded, SearchSuggestion.label, SearchSuggestion.weight)))
    stored = {row.prefix: row.suggestion_ids for row in db.session.execute(select(SearchPrefix.prefix, SearchPrefix.suggestion_ids))}
    for gone in _batches(sorted(stored.keys() - wanted.keys())):
        db.session.execute(delete(SearchPrefix).where(SearchPrefix.prefix.in_(gone)))
    changed = [{"prefix": prefix, "suggestion_ids": ids} for prefix, ids in wanted.items() if stored.get(prefix) != ids]
    for rows in _batches(changed):
        statement = insert(SearchPrefix).values(rows)
        new = {"suggestion_ids": statement.excluded.suggestion_ids}
        db.session.execute(statement.on_conflict_do_update(index_elements=["prefix"], set_=new))


def _prefixes(suggestions: Iterable[Row[Any]]) -> dict[str, list[int]]:
    """The best suggestions by each key: those that begin so as a whole first, then what more jobs have."""
    ranked: dict[str, dict[int, tuple[Any, ...]]] = defaultdict(dict)
    for row in suggestions:
        for place, key in keys(row.folded):
            ranked[key].setdefault(row.id, (place > 0, -row.weight, len(row.label), row.label, row.id))
    return {key: [rank[-1] for rank in sorted(found.values())[:BEST]] for key, found in ranked.items()}


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
