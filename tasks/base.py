"""The Celery application and the base class of durable tasks: claim, run, commit effect and `done` together."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from celery import Task as CeleryTask
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from app import create_app
from app.core import lease_batches, leases
from app.core.broker import make_celery
from app.core.leases import ClaimedTask, StaleClaim
from app.core.unit_of_work import unit_of_work
from config import settings_or_exit

log = structlog.get_logger()

settings = settings_or_exit()
celery = make_celery(settings)
flask_app: Flask = create_app(settings)

LEASE_MARGIN = timedelta(seconds=5)


class Transient(Exception):
    """Raise it in a body for a failure that another attempt may cure; the message is shown to operators, and to the owner after the last."""


class Permanent(Exception):
    """Raise it in a body for a failure that no attempt will cure; the message is shown to the task's owner."""


class PutOff(Exception):
    """Raise it in a body when what the task needs is away: it is tried again after `delay`, as often as it takes; see `lease_batches.put_off`."""

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(reason)
        self.delay = delay


@dataclass(frozen=True)
class Unfinished:
    """Returned by a body that has done a slice of long work: the task goes to the end of its queue and is called again. Progress: 1-99."""

    progress: int


class DurableTask(CeleryTask):
    """A task whose message carries only the id of its row; the decorated function gets the ClaimedTask.

    The body runs in one unit of work that also marks the row done; what it returns becomes the task's `result_url`, unless it is
    `Unfinished`. It may call `unit_of_work`-free services only. `retry_on` are tried again with back-off; any other exception is a bug
    and the task is dead until an operator replays it.
    """

    abstract = True
    retry_on: tuple[type[BaseException], ...] = (Transient, OperationalError, InterfaceError, ConnectionError, TimeoutError)

    def __call__(self, task_id: int) -> None:
        with flask_app.app_context():
            claimed = self._claim(task_id)
            if claimed is None:
                log.info("task_not_claimed", task=self.name, task_id=task_id)
                return
            with structlog.contextvars.bound_contextvars(request_id=claimed.request_id, task=self.name, task_id=task_id):
                self._run_claimed(claimed)

    def _claim(self, task_id: int) -> ClaimedTask | None:
        if self.time_limit is None:
            raise TypeError(f"{self.name} needs a time_limit: its lease follows from it")
        with unit_of_work():
            return leases.claim(task_id, lease=timedelta(seconds=self.time_limit) + LEASE_MARGIN)

    def _run_claimed(self, claimed: ClaimedTask) -> None:
        try:
            with unit_of_work():
                result = self._body(claimed)
                if isinstance(result, Unfinished):
                    leases.go_on(claimed, progress=result.progress)
                else:
                    leases.finish(claimed, result_url=result)
            log.info("task_slice_done" if isinstance(result, Unfinished) else "task_done", attempt=claimed.attempt)
        except StaleClaim:
            log.warning("task_claim_lost", attempt=claimed.attempt)
        except Permanent as error:
            log.warning("task_failed", error=str(error))
            self._settle(leases.bury, claimed, str(error))
        except PutOff as error:
            log.warning("task_put_off", error=_first_line(error))
            with unit_of_work():
                lease_batches.put_off([claimed], error.delay, _first_line(error))
        except self.retry_on as error:
            log.warning("task_retried", attempt=claimed.attempt, error=_first_line(error))
            # Only our own exceptions are worded for people.
            told = _first_line(error) if isinstance(error, Transient) else f"{leases.INTERNAL}{_first_line(error)}"
            self._settle(leases.give_back, claimed, told)
        except Exception as error:
            log.exception("task_bug")
            self._settle(leases.bury, claimed, f"{leases.INTERNAL}{type(error).__name__}: {_first_line(error)}")

    def _body(self, claimed: ClaimedTask) -> Any:
        return self.run(claimed)

    def _settle(self, step: Any, claimed: ClaimedTask, error: str) -> None:
        try:
            with unit_of_work():
                step(claimed, error)
        except StaleClaim:
            log.warning("task_claim_lost", attempt=claimed.attempt)


class PeriodicTask(CeleryTask):
    """A task that beat starts: no row, no arguments; running twice or not at all does no harm. One unit of work a run."""

    abstract = True
    commits_itself = False

    def __call__(self) -> None:
        with flask_app.app_context():
            if self.commits_itself:
                self.run()
                return
            with unit_of_work():
                self.run()


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:500] or type(error).__name__
