"""Comparing the index with the rows of jobs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from app.extensions import db
from app.jobs.models import Job
from app.search.documents import read_versions
from app.search.engine import Stored
from app.search.service import current_engine

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


def find_drift() -> Drift:
    """Compare every job with what the engine holds of it, two statements a batch. A change that waits in the queue counts as drift."""
    drift = Drift()
    for after, upto in _ranges():
        public = {job_id: version for job_id, (version, is_public) in read_versions(after=after, upto=upto).items() if is_public}
        held = {copy.job_id: copy.version for copy in _held(after, upto)}
        drift.missing.extend(sorted(public.keys() - held.keys()))
        drift.extra.extend(sorted(held.keys() - public.keys()))
        drift.outdated.extend(sorted(job_id for job_id in public.keys() & held.keys() if public[job_id] != held[job_id]))
    return drift


def _ranges() -> Iterator[tuple[int, int]]:
    """Ranges of ids `(after, upto)` that hold everything there is, of jobs and of copies."""
    engine = current_engine()
    after = 0
    while True:
        jobs = db.session.scalars(select(Job.id).where(Job.id > after).order_by(Job.id).limit(BATCH)).all()
        copies = [copy.job_id for copy in engine.stored(after=after, limit=BATCH)]
        ends = [ids[-1] for ids in (jobs, copies) if ids]
        if not ends:
            return
        full = [ids[-1] for ids in (jobs, copies) if len(ids) == BATCH]
        upto = min(full) if full else max(ends)
        yield after, upto
        after = upto


def _held(after: int, upto: int) -> Iterator[Stored]:
    return (copy for copy in current_engine().stored(after=after, limit=BATCH) if copy.job_id <= upto and not copy.is_deleted)
