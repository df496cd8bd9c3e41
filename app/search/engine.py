"""What a search engine must do. PostgreSQL's is `postgres.PostgresEngine`; every engine is asked and told in these words alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.search.criteria import Filters, Place
from app.search.documents import Document, Tombstone
from app.search.query import Query

FACETS = ("job_type", "experience_level", "location", "company", "remote")
FACET_SIZE = 10
"""Values that a facet shows at most, the most frequent first."""

FacetCounts = Sequence[tuple[Any, int]]


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """A search without its fallbacks. `ordering` is `relevance` or a name of `criteria.ORDERINGS`, `-` in front for descending.

    `with_prefix` lets the unfinished word match as a prefix; jobs at the preferred place are raised a little.
    """

    text: Query = field(default_factory=Query)
    filters: Filters = field(default_factory=Filters)
    ordering: str = "relevance"
    limit: int = 20
    offset: int = 0
    with_prefix: bool = False
    with_facets: bool = False
    preferred_place: Place | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of one page in order, how many match in all, and by facet how many have each value."""

    ids: Sequence[int]
    total: int
    facets: Mapping[str, FacetCounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What an engine holds of a job: for comparing it with the job's row."""

    job_id: int
    version: int
    is_deleted: bool


class SearchEngine(Protocol):
    """An index of jobs. Writes are versioned: one that is older than what is stored is refused, tombstones included."""

    name: str

    def search(self, query: EngineQuery) -> Hits:
        """The open jobs that match and whose deadline is not past. A facet's counts ignore the filter on that facet itself."""

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """How many jobs match each text, counting no further than `at_most`."""

    def index(self, documents: Sequence[Document]) -> int:
        """Store the documents; return how many were not refused as older than what is stored."""

    def delete(self, tombstones: Sequence[Tombstone]) -> int:
        """Put tombstones in the place of documents; return how many were not refused."""

    def stored(self, *, after: int, limit: int) -> list[Stored]:
        """What is held of the jobs whose id is beyond `after`, in the order of the ids."""
