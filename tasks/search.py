"""The search queue: one writer that makes changes of jobs searchable, many at a time."""

from collections.abc import Sequence
from datetime import timedelta

from app.core import leases
from app.core.leases import ClaimedTask
from app.jobs import cache
from app.search import service
from app.search.engine import EngineAway, EntriesRefused
from tasks.base import Permanent, PutOff, celery
from tasks.batches import BatchTask

_PAUSE = timedelta(seconds=5)


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
    try:
        service.reindex_elastic(_job_ids(tasks))
    except EngineAway as error:
        raise PutOff(str(error), _PAUSE) from error
    except EntriesRefused as error:
        if len(tasks) == 1:
            raise Permanent(str(error)) from error
        refused = [task for task in tasks if task.args["job_id"] in error.reasons]
        for task in refused:
            leases.bury(task, error.reasons[task.args["job_id"]])
        return refused
    return ()


def _job_ids(tasks: Sequence[ClaimedTask]) -> list[int]:
    return [task.args["job_id"] for task in tasks]
