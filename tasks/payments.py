"""The payments queue: applying what gateways told us."""

from app.core.leases import ClaimedTask
from app.payments import settlement
from tasks.base import DurableTask, celery


@celery.task(name="payments.settle", base=DurableTask, time_limit=10)
def settle(task: ClaimedTask) -> None:
    """Apply one gateway event to its transaction. Running twice settles once."""
    settlement.apply_event(task.args["event_id"])
