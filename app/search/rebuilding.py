"""Making an engine's index anew, while it is searched and changed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.search import checks, choice, documents, service
from app.search.drift import Drift, find_drift
from app.search.elastic import indices, rebuild
from app.search.elastic.client import failures
from app.search.engine import EngineAway, SearchEngine

log = structlog.get_logger()

_LOCK = 7_310_003
_ROUNDS = 5
_BETWEEN_LOOKS = 2.0

Progress = Callable[[int], None]


class RebuildRuns(Exception):
    """Another rebuild of this index is under way."""


def rebuild_index(engine: SearchEngine, progress: Progress) -> int:
    """Write every job's copy anew; return how many copies had to be mended at the end. Commits by itself.

    PostgreSQL's index is written over in place. Elasticsearch gets a new one, which takes the old one's place in one step once nothing in it
    differs from the jobs but what is just being changed. Raises RebuildRuns, EngineAway and EntriesRefused.
    """
    with _alone():
        if engine is not choice.ELASTIC:
            _rewrite(engine, progress)
            return repair(engine)
        name = rebuild.fill(progress)
        # What was changed meanwhile went to both indexes; this finds what did not, such as jobs that code before this mapping wrote.
        mended = repair(engine, index=name)
        with failures():
            before = indices.swap(name)
            # Searches that are under way may still read the last one; those before it, nobody.
            indices.drop([other for other in indices.retired() if other not in before])
        return mended


def prepare(progress: Progress) -> bool:
    """Make and fill Elasticsearch's index if there is none, else mend it; return whether a new one was made.

    One that cannot be mended, because it was filled from another database whose versions were higher, is made anew.
    """
    with failures():
        is_there = indices.live() is not None
    if is_there:
        repair(choice.ELASTIC)
        if not is_beyond_repair(choice.ELASTIC):
            return False
    rebuild_index(choice.ELASTIC, progress)
    return True


def prune() -> list[str]:
    """Drop the indexes of other mappings; return their names. Processes that run the code of those are answered by PostgreSQL from then on."""
    with failures():
        names = indices.outgrown()
        indices.drop(names)
    return names


def repair(engine: SearchEngine, *, index: str | None = None) -> int:
    """Write anew what differs from the jobs, and look again, until nothing does or only what is just being changed; return how many copies.

    What Elasticsearch refuses because it has seen a higher version stays as it is; see `is_beyond_repair`.
    """
    mended, last = 0, -1
    for _ in range(_ROUNDS):
        job_ids = find_drift(engine, index=index).job_ids
        if not job_ids or len(job_ids) == last:
            break
        for start in range(0, len(job_ids), service.BATCH):
            batch = job_ids[start : start + service.BATCH]
            with unit_of_work():
                if engine is choice.POSTGRES:
                    choice.POSTGRES.forget(batch)
                service.reindex(batch, engine)
        mended, last = mended + len(job_ids), len(job_ids)
    return mended


def is_beyond_repair(engine: SearchEngine) -> bool:
    """Whether copies differ that are not mended by being written anew, because Elasticsearch has seen higher versions of them than the jobs have.

    So it is after the index was changed by hand, or the database restored. Another look while changes are made finds other copies.
    """
    first = find_drift(engine)
    if engine is not choice.ELASTIC or not first.job_ids:
        return False
    repair(engine)
    return bool(first.still_in(find_drift(engine)).job_ids)


def check_and_repair() -> list[tuple[str, Drift]]:
    """What differed in each engine's index, by the engine's name; it is mended and kept for monitoring. One that is away is left out."""
    found: list[tuple[str, Drift]] = []
    for engine in choice.engines():
        try:
            drift = _lasting_drift(engine)
            repair(engine)
        except EngineAway as error:
            log.warning("search_check_left_out", engine=engine.name, error=str(error))
            continue
        with unit_of_work():
            checks.record(engine.name, drift)
        found.append((engine.name, drift))
    return found


def _lasting_drift(engine: SearchEngine) -> Drift:
    """What differs at two looks: what was only waiting in the queue at the first is there at the second."""
    first = find_drift(engine)
    if not first.job_ids:
        return first
    time.sleep(_BETWEEN_LOOKS)
    return first.still_in(find_drift(engine))


def _rewrite(engine: SearchEngine, progress: Progress) -> None:
    after: int | None = 0
    while after is not None:
        with unit_of_work():
            batch = next(documents.read_batches(service.BATCH, after=after), [])
            engine.store(batch)
        progress(len(batch))
        after = batch[-1].job_id if batch else None


@contextmanager
def _alone() -> Iterator[None]:
    """One rebuild at a time: the lock is the connection's, so a process that dies holds it no longer."""
    with db.engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK))):
            raise RebuildRuns("Another rebuild is under way.")
        connection.commit()
        try:
            yield
        finally:
            try:
                connection.scalar(select(func.pg_advisory_unlock(_LOCK)))
                connection.commit()
            except OperationalError:
                # The connection is gone, and the lock with it.
                connection.invalidate()
