"""The engine on Elasticsearch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from elasticsearch import Elasticsearch

from app.search.documents import Entry
from app.search.elastic import bulk, copies, facets, indices, scoring
from app.search.elastic.client import failures, patient_client
from app.search.elastic.contents import micros
from app.search.elastic.matching import Clause, by_facet, findable, others
from app.search.elastic.pages import is_by_relevance, sorting
from app.search.engine import EngineAway, EngineQuery, EngineSilent, EntriesRefused, Hits, Stored
from app.search.query import Query

NAME = "elasticsearch"
_SECONDS = 5.0
_TOTAL = "total"
_SHOWN = "hits.total,hits.hits.sort,hits.hits.fields,aggregations,_shards.failures"


class ElasticEngine:
    """`SearchEngine` on the index behind the alias. Every method raises EngineAway when Elasticsearch does not answer."""

    name = NAME

    def __init__(self, patience: float = _SECONDS) -> None:
        """`patience` is for how many seconds each search is waited for."""
        self._patience = patience

    def within(self, patience: float) -> "ElasticEngine":
        """The same engine for who waits so long."""
        return ElasticEngine(patience)

    def search(self, query: EngineQuery) -> Hits:
        """One request."""
        query = _own(query)
        with failures():
            answer = self._patient_client().search(**request(query))
        found = answer.get("hits", {})
        hits = found.get("hits", [])
        shown = hits[: query.limit]
        counts = facets.read(answer["aggregations"]) if query.with_facets else {}
        last = [NAME, *shown[-1]["sort"]] if len(hits) > query.limit else None
        total = found["total"]["value"] if query.after is None else answer["aggregations"][_TOTAL]["doc_count"]
        return Hits([hit["fields"]["job_id"][0] for hit in shown], total, counts, last)

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """One request for all of them."""
        if not texts:
            return []
        searches: list[dict[str, Any]] = []
        for text in texts:
            searches += [{}, {"query": {"bool": {"filter": findable(text)}}, "size": 0, "track_total_hits": at_most}]
        with failures():
            answer = self._patient_client().msearch(
                index=indices.family(), searches=searches, filter_path="responses.hits.total,responses.error.type"
            )
        return [min(_total(one), at_most) for one in answer["responses"]]

    def store(self, entries: Sequence[Entry]) -> int:
        """Two requests. Raises EntriesRefused when there are some that will never be taken, after the others were stored."""
        with failures():
            indexes = indices.targets()
        outcome = bulk.write(entries, indexes)
        if outcome.postponed:
            raise EngineAway(f"Elasticsearch postponed {len(outcome.postponed)} documents: {next(iter(outcome.postponed.values()))}")
        if outcome.refused:
            raise EntriesRefused(outcome.refused)
        return len(outcome.written)

    def stored(self, *, after: int, limit: int) -> list[Stored]:
        """One request, and a refresh before, so that what was written is seen."""
        return copies.stored(indices.family(), after=after, limit=limit)

    def _patient_client(self) -> Elasticsearch:
        if self._patience <= 0:
            raise EngineSilent("Elasticsearch has had its time")
        return patient_client(self._patience)


def _total(answer: dict[str, Any]) -> int:
    if "error" in answer:
        raise EngineAway(f"Elasticsearch answers {answer['error'].get('type')}")
    number: int = answer["hits"]["total"]["value"]
    return number


def _own(query: EngineQuery) -> EngineQuery:
    """The query with the bare key of a page of ours; after another engine's page the offset tells where to go on."""
    if query.after and query.after[0] == NAME:
        return replace(query, offset=0, after=query.after[1:])
    return replace(query, after=None)


def request(query: EngineQuery) -> dict[str, Any]:
    """The arguments of the client's `search`.

    All conditions but those on facets are the query; the latter come afterwards, so that each facet is counted without its own.
    """
    conditions = [*findable(query.text, with_prefix=query.with_prefix), *others(query.filters), *_limits(query)]
    chosen = by_facet(query.filters)
    if not query.with_facets:
        conditions += chosen.values()
    matching: Clause = {"bool": {"filter": conditions}}
    if is_by_relevance(query):
        matching = scoring.scored(conditions, query.text, with_prefix=query.with_prefix, preferred=query.preferred_place, as_of=query.as_of)
    body: dict[str, Any] = {"query": matching, "sort": sorting(query), "size": query.limit + 1, "from_": query.offset, "track_total_hits": True}
    afterwards = [*chosen.values()] if query.with_facets else []
    counts = facets.aggregations(chosen) if query.with_facets else {}
    if query.after is not None:
        # What came later is not shown, and so not in the total of the hits; it counts all the same.
        counts[_TOTAL] = {"filter": {"bool": {"filter": list(afterwards)}}}
        afterwards.append(_until(query))
        body["search_after"] = list(query.after)
    if counts:
        body["aggs"] = counts
    if afterwards:
        body["post_filter"] = {"bool": {"filter": afterwards}}
    shown = {"filter_path": _SHOWN, "source": False, "docvalue_fields": [{"field": "job_id"}]}
    return {"index": indices.family(), "allow_partial_search_results": False, **shown, **body}


def _until(query: EngineQuery) -> Clause:
    return {"range": {"created_micros": {"lte": micros(query.as_of)}}}


def _limits(query: EngineQuery) -> list[Clause]:
    found: list[Clause] = []
    if query.excluded_ids:
        found.append({"bool": {"must_not": [{"terms": {"job_id": list(query.excluded_ids)}}]}})
    if query.among_ids is not None:
        found.append({"terms": {"job_id": list(query.among_ids)}})
    return found
