"""The search queue: makes changes of jobs searchable, many at a time."""

from collections.abc import Sequence
from datetime import timedelta

from app.core import leases
from app.core.leases import ClaimedTask
from app.core.outbox import Task, hasten
from app.jobs import cache
from app.search import choice, service
from app.search.choice import NotAsked
from app.search.engine import EngineAway, EntriesRefused
from tasks.base import Permanent, PutOff, celery
from tasks.batches import BatchTask

_PAUSE, _LONG_PAUSE = timedelta(seconds=5), timedelta(minutes=1)


@celery.task(name="search.index_job", base=BatchTask, time_limit=60)
def index_jobs(tasks: Sequence[ClaimedTask]) -> None:
    """Make the jobs' copies in PostgreSQL anew from their rows, or tombstones. Running twice, or late, stores the newest version."""
    job_ids = _job_ids(tasks)
    # Readers were told after the commit that left these tasks; should that have failed with both back ends away, they are told now.
    cache.invalidate(*job_ids)
    service.reindex(job_ids)


@celery.task(name="search.index_elastic", base=BatchTask, time_limit=90)
def index_elastic(tasks: Sequence[ClaimedTask]) -> Sequence[ClaimedTask]:
    """The same in Elasticsearch. While that is away the tasks wait; what it will never take is dead, with its reason, and the others are done."""
    if not choice.is_elastic():
        # Left from when it was; should it be again, `flask search prepare` finds what it missed.
        return ()
    was_open = not choice.breaker().is_closed
    try:
        service.reindex_elastic(_job_ids(tasks))
    except EngineAway as error:
        # One batch comes again as soon as the node may be asked whether it is back; the others are not moved about meanwhile.
        again = max(_PAUSE, timedelta(seconds=choice.breaker().pause_left))
        raise PutOff(str(error), _LONG_PAUSE if isinstance(error, NotAsked) else again) from error
    except EntriesRefused as error:
        if len(tasks) == 1:
            raise Permanent(str(error)) from error
        refused = [task for task in tasks if task.args["job_id"] in error.reasons]
        for task in refused:
            leases.bury(task, error.reasons[task.args["job_id"]])
        return refused
    if was_open:
        hasten(Task.name == tasks[0].name)
    return ()


def _job_ids(tasks: Sequence[ClaimedTask]) -> list[int]:
    return [task.args["job_id"] for task in tasks]
