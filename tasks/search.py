"""The search queue: one writer that makes changes of jobs searchable."""

from app.core.leases import ClaimedTask
from app.jobs import cache
from app.search import service
from tasks.base import DurableTask, celery


@celery.task(name="search.index_job", base=DurableTask, time_limit=30)
def index_job(task: ClaimedTask) -> None:
    """Make a job's searchable copy anew from its row, or a tombstone. Running twice, or late, stores the newest version."""
    job_id = task.args["job_id"]
    # Readers were told after the commit that left this task; should that have failed with both back ends away, they are told now.
    cache.invalidate(job_id)
    service.reindex([job_id])
