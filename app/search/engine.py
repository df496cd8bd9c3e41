"""What a search engine must do. PostgreSQL's is `postgres.PostgresEngine`; every engine is asked and told in these words alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.core.clock import now
from app.search.criteria import Filters, Place
from app.search.documents import Entry
from app.search.query import Query

FACETS = ("job_type", "experience_level", "location", "company", "remote")
FACET_SIZE = 10
"""Values that a facet shows at most, the most frequent first."""

FacetCounts = Sequence[tuple[Any, int]]

SortKey = Sequence[str | int | float | bool | None]
"""Where a page ended in an order, as values of JSON: the name of the engine that made it, then what only that engine understands."""


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """A search without its fallbacks. `ordering` is `relevance` or a name of `criteria.ORDERINGS`, `-` in front for descending.

    `with_prefix` lets the unfinished word match as a prefix; jobs at the preferred place are raised a little, and `excluded_ids` are left out.
    With `among_ids`, only these jobs can match.

    `as_of` is the moment at which the age of jobs is taken. With `after`, the `last` of a page whose query was this one in all else, the following
    page is asked for, and jobs that were created since `as_of` are not in it, though they count in the total. `offset` is then how many jobs came
    before: an engine goes by it only when another engine made the key.
    """

    text: Query = field(default_factory=Query)
    filters: Filters = field(default_factory=Filters)
    ordering: str = "relevance"
    limit: int = 20
    offset: int = 0
    with_prefix: bool = False
    with_facets: bool = False
    preferred_place: Place | None = None
    excluded_ids: tuple[int, ...] = ()
    among_ids: tuple[int, ...] | None = None
    as_of: datetime = field(default_factory=now)
    after: SortKey | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of one page in order, how many match in all, and by facet how many have each value.

    `last` is where the page ended; None when nothing follows, or when the engine cannot continue this order by a key.
    """

    ids: Sequence[int]
    total: int
    facets: Mapping[str, FacetCounts] = field(default_factory=dict)
    last: SortKey | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What an engine holds of a job: for comparing it with the job's row."""

    job_id: int
    version: int
    is_deleted: bool


class EngineAway(Exception):
    """An engine that cannot answer, or take what it is given, now: it may later."""


class EngineSilent(EngineAway):
    """An engine that did not answer in time: it may be away, or only slow."""


class QueryRefused(EngineAway):
    """A single request that an engine cannot answer; the next one it may."""


class EntriesRefused(Exception):
    """Documents that an engine will never take, with its reasons by the ids of their jobs. What else came with them is stored."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        super().__init__("; ".join(f"job {job_id}: {reason}" for job_id, reason in reasons.items()))
        self.reasons = reasons


class Searcher(Protocol):
    """What answers searches: an engine, or several that stand in for each other."""

    @property
    def name(self) -> str:
        """The engine that answers, or answered last."""

    def search(self, query: EngineQuery) -> Hits:
        """The open jobs that match and whose deadline is not past. A facet's counts ignore the filter on that facet itself."""

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """How many jobs match each text, counting no further than `at_most`."""


class SearchEngine(Searcher, Protocol):
    """An index of jobs. Writes are versioned: one that is older than what is stored is refused, tombstones included."""

    def store(self, entries: Sequence[Entry]) -> int:
        """Store documents, and tombstones in the place of documents; return how many were not refused as older than what is stored."""

    def stored(self, *, after: int, limit: int) -> list[Stored]:
        """What is held of the jobs whose id is beyond `after`, in the order of the ids."""
