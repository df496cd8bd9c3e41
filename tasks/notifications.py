"""Making notifications, on the default queue."""

from app.core.leases import ClaimedTask
from app.notifications import service
from tasks.base import DurableTask, celery


@celery.task(name="notifications.deliver", base=DurableTask, time_limit=15)
def deliver(task: ClaimedTask) -> None:
    """Make one notification. The claim makes it once."""
    service.deliver(service.News(**task.args))
