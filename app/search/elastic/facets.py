"""Counting as a shop does: how many jobs have each value, where a facet ignores the filter on itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.search.elastic.matching import Clause
from app.search.engine import FACET_SIZE, FACETS, FacetCounts

_FIELDS = {"company": "company_id", "remote": "is_remote"}
_FREE = "not_chosen"


def aggregations(chosen: Mapping[str, Clause]) -> dict[str, Any]:
    """For each facet the counts of its values among what meets the conditions of the other facets.

    Facets with the same conditions are counted together, and what has none without any: each filter on its own has the scores worked out anew, which
    takes longer than all else.
    """
    found = _narrowed(_FREE, list(chosen.values()), [name for name in FACETS if name not in chosen])
    for name in chosen:
        found |= _narrowed(name, [clause for other, clause in chosen.items() if other != name], [name])
    return found


def read(answer: Mapping[str, Any]) -> dict[str, FacetCounts]:
    """The counts out of an answer's aggregations, the most frequent first."""
    inside = {name: part for group in answer.values() for name, part in group.items() if name in FACETS}
    counted = {**answer, **inside}
    return {name: [(_value(name, bucket), bucket["doc_count"]) for bucket in counted[name]["buckets"]] for name in FACETS}


def _narrowed(label: str, conditions: list[Clause], names: Sequence[str]) -> dict[str, Any]:
    counts = {name: _counts(name) for name in names}
    return {label: {"filter": {"bool": {"filter": conditions}}, "aggs": counts}} if conditions and names else counts


def _counts(name: str) -> dict[str, Any]:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": _FIELDS.get(name, name), "size": FACET_SIZE, "order": order}}


def _value(name: str, bucket: Mapping[str, Any]) -> Any:
    return bool(bucket["key"]) if name == "remote" else bucket["key"]
