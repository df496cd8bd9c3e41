"""Sweeps and purges that beat starts on the maintenance queue."""

import structlog

from app.accounts import sessions
from app.core import leases
from app.core.outbox import purge_finished
from tasks.base import PeriodicTask, celery

log = structlog.get_logger()


@celery.task(name="maintenance.sweep_tasks", base=PeriodicTask, time_limit=30)
def sweep_tasks() -> None:
    """Send again what got lost; bury what failed too often."""
    swept = leases.sweep()
    if any((swept.resent, swept.reclaimed, swept.buried)):
        log.warning("tasks_swept", resent=swept.resent, reclaimed=swept.reclaimed, buried=swept.buried)


@celery.task(name="maintenance.purge_tasks", base=PeriodicTask, time_limit=120)
def purge_tasks() -> None:
    """Drop the rows of tasks that finished well some days ago."""
    purge_finished()


@celery.task(name="maintenance.purge_sessions", base=PeriodicTask, time_limit=120)
def purge_sessions() -> None:
    """Drop refresh tokens that expired."""
    sessions.purge_expired()
