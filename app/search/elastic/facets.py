"""Counting as a shop does: how many jobs have each value, where a facet ignores the filter on itself."""

from collections.abc import Mapping
from typing import Any

from app.search.elastic.matching import Clause
from app.search.engine import FACET_SIZE, FACETS, FacetCounts

_FIELDS = {"company": "company_id", "remote": "is_remote"}


def aggregations(chosen: Mapping[str, Clause]) -> dict[str, Any]:
    """For each facet the counts of its values among what meets the conditions of the other facets."""
    return {name: _aggregation(name, [clause for other, clause in chosen.items() if other != name]) for name in FACETS}


def read(answer: Mapping[str, Any]) -> dict[str, FacetCounts]:
    """The counts out of an answer's aggregations, the most frequent first."""
    return {name: [(_value(name, bucket), bucket["doc_count"]) for bucket in answer[name]["values"]["buckets"]] for name in FACETS}


def _aggregation(name: str, conditions: list[Clause]) -> dict[str, Any]:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    values = {"terms": {"field": _FIELDS.get(name, name), "size": FACET_SIZE, "order": order}}
    return {"filter": {"bool": {"filter": conditions}}, "aggs": {"values": values}}


def _value(name: str, bucket: Mapping[str, Any]) -> Any:
    return bool(bucket["key"]) if name == "remote" else bucket["key"]
