"""The payments queue: applying what gateways told us."""

from collections.abc import Sequence

from app.core.leases import ClaimedTask
from app.payments import refund_notices, settlement
from tasks.base import DurableTask, celery
from tasks.batches import BatchTask


@celery.task(name="payments.settle", base=BatchTask, time_limit=10)
def settle(tasks: Sequence[ClaimedTask]) -> None:
    """Apply gateway events to their transactions. Running twice settles once."""
    settlement.apply_events([task.args["event_id"] for task in tasks])


@celery.task(name="payments.refund_news", base=DurableTask, time_limit=10)
def refund_news(task: ClaimedTask) -> None:
    """Apply what a gateway told us of a refund. Running twice changes nothing."""
    refund_notices.take_news(task.args["event_id"])
