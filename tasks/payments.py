"""The payments queue: applying what gateways told us."""

from collections.abc import Sequence

from app.core.leases import ClaimedTask
from app.payments import settlement
from tasks.base import celery
from tasks.batches import BatchTask


@celery.task(name="payments.settle", base=BatchTask, time_limit=10)
def settle(tasks: Sequence[ClaimedTask]) -> None:
    """Apply gateway events to their transactions. Running twice settles once."""
    settlement.apply_events([task.args["event_id"] for task in tasks])
