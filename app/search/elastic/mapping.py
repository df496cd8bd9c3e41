"""What an index holds. Its name ends in a hash of this, so that a changed mapping is another index.

The words come analysed from `app.search.text`: the `standard` tokenizer only parts them at the blanks. No field holds personal data.
"""

import hashlib
import json
from typing import Any

from app.search.criteria import DEEPEST

WORDS = ("title", "company", "place", "body")
"""The parts of a job that are searched, each folded; what ends in `_accented` are the same words with their accents."""

_PREFIXES = {"min_chars": 2, "max_chars": 8}


def _text(*copies: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "analyzer": "standard", "norms": False, **({"copy_to": list(copies)} if copies else {}), **more}


def _fact(kind: str) -> dict[str, Any]:
    return {"type": kind}


SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "refresh_interval": "1s",
    # What an offset skips at most, and the page that begins there.
    "max_result_window": 11 * DEEPEST,
    # Tombstones are documents of ours; Elasticsearch's own memory of deletions only has to outlast a purge of them.
    "gc_deletes": "1h",
}

MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "_source": {"includes": ["job_id", "version", "is_deleted"]},
    "properties": {
        "job_id": _fact("long"),
        "version": _fact("long"),
        "is_deleted": _fact("boolean"),
        "title": _text("headline", "words", index_prefixes=_PREFIXES),
        "company": _text("headline", "words"),
        "place": _text("headline", "words"),
        "body": _text("words"),
        "headline": _text(index_prefixes=_PREFIXES),
        "words": _text(index_prefixes=_PREFIXES),
        "title_accented": _text("headline_accented", "words_accented"),
        "company_accented": _text("headline_accented", "words_accented"),
        "place_accented": _text("headline_accented", "words_accented"),
        "body_accented": _text("words_accented"),
        "headline_accented": _text(index_prefixes=_PREFIXES),
        "words_accented": _text(index_prefixes=_PREFIXES),
        "title_sorted": _fact("keyword"),
        "brevity": _fact("float"),
        "company_id": _fact("long"),
        "location": _fact("keyword"),
        "location_words": _text(),
        "job_type": _fact("keyword"),
        "experience_level": _fact("keyword"),
        "salary_max": _fact("long"),
        "pays_to": _fact("long"),
        "pays_from": _fact("long"),
        "currency": _fact("keyword"),
        "is_remote": _fact("boolean"),
        "deadline": _fact("date"),
        "created_at": _fact("date"),
        "created_micros": _fact("long"),
    },
}


def fingerprint() -> str:
    """Twelve hexadecimal digits that change with the settings and the mapping."""
    return hashlib.sha256(json.dumps([SETTINGS, MAPPINGS], sort_keys=True).encode()).hexdigest()[:12]
