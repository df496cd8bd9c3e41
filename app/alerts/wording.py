"""When two saved searches are one: the same words in any case, the same filters in any order."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from app.search.criteria import Filters
from app.search.query import Query, parse
from app.search.schemas import JobListQuery


def canonical(query: str, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The search in the one form that all who mean it share. Accents stay: they say which jobs stand first."""
    plain = {name: _plain(value) for name, value in filters.items()}
    words = _plain(query)
    return {**plain, "q": words} if words else plain


def fingerprint(criteria: Mapping[str, Any]) -> str:
    """A short name of the canonical form."""
    return hashlib.sha256(json.dumps(criteria, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read(criteria: Mapping[str, Any]) -> tuple[Query, Filters]:
    """The search in the words of the engines. Raises pydantic's ValidationError for what an older release stored and this one cannot read."""
    asked = JobListQuery.model_validate(criteria)
    return parse(asked.typed), asked.filters()


def narrows(criteria: Mapping[str, Any]) -> bool:
    """Whether the search leaves anything out: punctuation alone and no filter would mean every job there is."""
    return bool(set(criteria) - {"q", "currency"}) or not parse(str(criteria.get("q", ""))).is_empty


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).casefold().split())
    return sorted(set(value)) if isinstance(value, list) else value
