"""What an engine is given of a job: its words by the text pipeline, and its facts as they stand in the row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from app.companies.models import Company
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search.text import IndexText, index_text

FACTS = (
    "title", "company_id", "location", "location_folded", "job_type", "experience_level", "salary_min", "salary_max", "currency", "is_remote",
    "deadline", "created_at",
)  # fmt: skip
"""The columns that are filtered, sorted and counted: of a job's row, and under the same names of an engine's document."""

FINAL_VERSION = 2**63 - 1
"""The version of a tombstone whose job has been purged: ids are not used again, so no write may follow."""

_ROOM, _HEADS = 1_000_000, 12
"""Bytes of a vector in PostgreSQL, which are 1 MB at most (manual, 11.1, limitations of text search), and those of a word that are no letters."""

_STATE = (Job.id, Job.version, Job.status, Job.deleted_at, Company.deleted_at.label("company_deleted_at"))
_TEXTS = ("description", "requirements", "responsibilities", "benefits")


@dataclass(frozen=True, slots=True)
class Document:
    """The searchable copy of a public job."""

    job_id: int
    version: int
    title: IndexText
    company: IndexText
    place: IndexText
    body: IndexText
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a job that nobody may find any more."""

    job_id: int
    version: int


Entry = Document | Tombstone


def read(job_ids: Sequence[int]) -> list[Entry]:
    """The entries of these jobs as their rows are now, one for each id. One query."""
    rows = {row.id: row for row in db.session.execute(_rows().where(Job.id.in_(job_ids)))}
    return [_entry(rows[job_id]) if job_id in rows else Tombstone(job_id, FINAL_VERSION) for job_id in job_ids]


def read_batches(size: int, *, after: int = 0) -> Iterator[list[Entry]]:
    """The entries of every job there is with an id beyond `after`, in the order of the ids, `size` at a time. One query a batch."""
    while True:
        rows = db.session.execute(_rows().where(Job.id > after).order_by(Job.id).limit(size)).all()
        if not rows:
            return
        after = rows[-1].id
        yield [_entry(row) for row in rows]


def read_versions(*, after: int, upto: int) -> dict[int, tuple[int, bool]]:
    """The version of each job with an id beyond `after` and not beyond `upto`, and whether it is public."""
    rows = db.session.execute(_rows().with_only_columns(*_STATE).where(Job.id > after, Job.id <= upto))
    return {row.id: (row.version, _is_public(row.status, row.deleted_at, row.company_deleted_at)) for row in rows}


def _rows() -> Select[Any]:
    columns = [getattr(Job, name) for name in (*FACTS, *_TEXTS)]
    return select(*_STATE, *columns, Company.name.label("company_name"), Company.industry).join(Company, Job.company_id == Company.id)


def _is_public(status: JobStatus, deleted_at: datetime | None, company_deleted_at: datetime | None) -> bool:
    return status == JobStatus.OPEN and deleted_at is None and company_deleted_at is None


def _entry(row: Row[Any]) -> Entry:
    if not _is_public(row.status, row.deleted_at, row.company_deleted_at):
        return Tombstone(row.id, row.version)
    return Document(
        job_id=row.id,
        version=row.version,
        title=index_text(row.title),
        company=index_text(row.company_name),
        place=index_text(f"{row.location}\nRemote" if row.is_remote else row.location),
        body=_bounded(index_text("\n".join([row.industry, *_kinds(row), *(getattr(row, name) for name in _TEXTS)]))),
        facts={name: getattr(row, name) for name in FACTS},
    )


def _kinds(row: Row[Any]) -> list[str]:
    """The kind of job and its level as words, since people type them."""
    return [value.replace("_", "-") for value in (row.job_type, row.experience_level) if value]


def _bounded(words: IndexText) -> IndexText:
    """As many of the words as have room. Only words of scripts that are written without blanks, or in many bytes, can be too many."""
    if _size(words.folded) <= _ROOM:
        return words
    room, kept = _ROOM, 0
    for word in words.folded.split():
        room -= _size(word)
        if room < 0:
            break
        kept += 1
    return IndexText(" ".join(words.folded.split()[:kept]), " ".join(words.accented.split()[:kept]))


def _size(folded: str) -> int:
    """What words take in the vector: each by itself, and with the one before and the one after it; and for each of the two lexemes its head."""
    return 3 * len(folded) + _HEADS * (folded.count(" ") + 1)
