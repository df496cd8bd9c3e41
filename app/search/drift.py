"""Comparing an index with the rows of jobs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select

from app.extensions import db
from app.jobs.models import Job
from app.search.documents import read_versions
from app.search.elastic import copies
from app.search.engine import SearchEngine, Stored

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Drift:
    """Ids of jobs whose copy is missing, outdated, or there although the job is gone or not public."""

    missing: list[int] = field(default_factory=list)
    outdated: list[int] = field(default_factory=list)
    extra: list[int] = field(default_factory=list)

    @property
    def job_ids(self) -> list[int]:
        """All of them, in order."""
        return sorted([*self.missing, *self.outdated, *self.extra])

    def still_in(self, later: "Drift") -> "Drift":
        """What a later look found as well."""
        return Drift(*(sorted({*mine} & {*theirs}) for mine, theirs in zip(self._kinds, later._kinds, strict=True)))

    @property
    def _kinds(self) -> tuple[list[int], list[int], list[int]]:
        return self.missing, self.outdated, self.extra


def find_drift(engine: SearchEngine, *, index: str | None = None) -> Drift:
    """Compare every job with what the engine holds of it, two requests a batch. A change that waits in the queue counts as drift.

    `index` is one of Elasticsearch's that is not read yet.
    """
    read = partial(copies.stored, index) if index else engine.stored
    drift = Drift()
    for public, held in _ranges(read):
        drift.missing.extend(sorted(public.keys() - held.keys()))
        drift.extra.extend(sorted(held.keys() - public.keys()))
        drift.outdated.extend(sorted(job_id for job_id in public.keys() & held.keys() if public[job_id] != held[job_id]))
    return drift


def _ranges(read: Callable[..., list[Stored]]) -> Iterator[tuple[dict[int, int], dict[int, int]]]:
    """The versions by id, of public jobs and of copies, range by range of ids until there is nothing of either."""
    after = 0
    while True:
        jobs = db.session.scalars(select(Job.id).where(Job.id > after).order_by(Job.id).limit(BATCH)).all()
        found = read(after=after, limit=BATCH)
        ends = [ids[-1] for ids in (jobs, [copy.job_id for copy in found]) if ids]
        if not ends:
            return
        full = [ids[-1] for ids in (jobs, [copy.job_id for copy in found]) if len(ids) == BATCH]
        upto = min(full) if full else max(ends)
        public = {job_id: version for job_id, (version, is_public) in read_versions(after=after, upto=upto).items() if is_public}
        # No transaction stays open while the other engine is asked.
        db.session.rollback()
        yield public, {copy.job_id: copy.version for copy in found if copy.job_id <= upto and not copy.is_deleted}
        after = upto
