"""Orders of Elasticsearch's hits, and how a page continues another."""

from typing import Any

from app.search.criteria import NEWEST, RELEVANCE
from app.search.engine import EngineQuery

_FIELDS = {"created_at": "created_micros", "title": "title_sorted", "salary_max": "salary_max", "deadline": "deadline"}


def is_by_relevance(query: EngineQuery) -> bool:
    """Whether the hits are scored; what has no wishes has nothing to be scored by."""
    return query.ordering == RELEVANCE and query.text.has_wishes


def sorting(query: EngineQuery) -> list[dict[str, Any]]:
    """The sort of a search, made total by the id, unknown values last."""
    if is_by_relevance(query):
        return [{"_score": "desc"}, {"created_micros": "desc"}, {"job_id": "desc"}]
    ordering = NEWEST if query.ordering == RELEVANCE else query.ordering
    direction = "desc" if ordering.startswith("-") else "asc"
    return [{_FIELDS[ordering.removeprefix("-")]: {"order": direction, "missing": "_last"}}, {"job_id": direction}]
