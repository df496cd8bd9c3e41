"""The base class of durable tasks that are worked off many at a time."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from app.core import lease_batches, leases
from app.core.lease_batches import BATCH_OF
from app.core.leases import ClaimedTask
from app.core.unit_of_work import unit_of_work
from tasks import base
from tasks.base import LEASE_MARGIN, DurableTask, PutOff

log = structlog.get_logger()


class BatchTask(DurableTask):
    """A durable task whose body gets a list of ClaimedTasks: that of its message and others of its name that wait.

    All of them take effect in one unit of work. When that fails, each is run alone, so that the one that is at fault is retried or
    buried by itself; a body that knows which are at fault buries them and returns them, and the others are done. A message whose task was
    taken along earlier still serves those that wait; see `lease_batches`.
    """

    abstract = True

    def __call__(self, task_id: int) -> None:
        with base.flask_app.app_context():
            claimed = self._claim_batch(task_id)
            if not claimed:
                log.info("task_not_claimed", task=self.name, task_id=task_id)
            elif len(claimed) == 1 or not self._run_together(claimed):
                self._run_apart(claimed)

    def _claim_batch(self, task_id: int) -> list[ClaimedTask]:
        if self.time_limit is None:
            raise TypeError(f"{self.name} needs a time_limit: its lease follows from it")
        lease = timedelta(seconds=self.time_limit) + LEASE_MARGIN
        with unit_of_work():
            first = leases.claim(task_id, lease=lease)
            if first is not None and first.attempt > 1:
                return [first]
            mine = [first] if first else []
            return [*mine, *lease_batches.claim_neighbours(self.name, most=BATCH_OF[self.name] - len(mine), lease=lease)]

    def _run_together(self, claimed: Sequence[ClaimedTask]) -> bool:
        """Whether all are settled; if not, none took effect."""
        try:
            with unit_of_work():
                settled = self.run(claimed) or ()
                lease_batches.finish_each([task for task in claimed if task not in settled])
        except PutOff as error:
            log.warning("task_batch_put_off", task=self.name, tasks=len(claimed), error=str(error))
            with unit_of_work():
                lease_batches.put_off(claimed, error.delay, str(error))
            return True
        except Exception as error:
            # Whatever it is, it happens again to the task that is at fault when that is run alone, and is dealt with there.
            log.warning("task_batch_split", task=self.name, tasks=len(claimed), error=str(error).split("\n", 1)[0][:500])
            return False
        log.info("task_batch_done", task=self.name, tasks=len(claimed))
        return True

    def _run_apart(self, claimed: Sequence[ClaimedTask]) -> None:
        for task in claimed:
            with structlog.contextvars.bound_contextvars(request_id=task.request_id, task=self.name, task_id=task.id):
                self._run_claimed(task)

    def _body(self, claimed: ClaimedTask) -> None:
        self.run([claimed])
