"""A job as Elasticsearch holds it."""

from datetime import datetime
from typing import Any

from app.search.documents import Document, Entry
from app.search.elastic.mapping import WORDS
from app.search.weights import LENGTH, LETTERS


def source(entry: Entry) -> dict[str, Any]:
    """The document of an entry by the names of `mapping.MAPPINGS`; of a tombstone there is no more than that it is one."""
    if not isinstance(entry, Document):
        return {"job_id": entry.job_id, "version": entry.version, "is_deleted": True}
    facts = entry.facts
    found: dict[str, Any] = {"job_id": entry.job_id, "version": entry.version, "is_deleted": False}
    for name in WORDS:
        words = getattr(entry, name)
        found[name], found[f"{name}_accented"] = words.folded, words.accented
    lowest, highest = facts["salary_min"], facts["salary_max"]
    return found | {
        "title_sorted": facts["title"].lower(),
        "brevity": 1 - LENGTH * min(len(facts["title"]), LETTERS) / LETTERS,
        "location_words": facts["location_folded"].strip(),
        "pays_from": highest if lowest is None else lowest,
        "pays_to": lowest if highest is None else highest,
        "deadline": facts["deadline"].isoformat() if facts["deadline"] else None,
        "created_at": facts["created_at"].isoformat(),
        "created_micros": micros(facts["created_at"]),
        **{name: facts[name] for name in ("company_id", "location", "job_type", "experience_level", "salary_max", "currency", "is_remote")},
    }


def micros(moment: datetime) -> int:
    """Microseconds since 1970, as PostgreSQL keeps time; Elasticsearch's own dates end at milliseconds."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
