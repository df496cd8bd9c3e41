"""Sweeps and purges that beat starts on the maintenance queue."""

from collections.abc import Callable

import structlog

from app.accounts import sessions
from app.applications.cv_exports import service as cv_exports
from app.core import file_purge, idempotency_keys, leases, outbox, partition_retention, partitions
from app.core.clock import now
from app.core.partition_leaving import PartitionBusy
from app.core.unit_of_work import unit_of_work
from app.events import service as events
from app.payments import earnings, holdings, inbox, ledger_check, settlement
from app.resumes import pdf_purge
from app.search import rebuilding, suggestion_upkeep
from tasks.base import PeriodicTask, celery

log = structlog.get_logger()


@celery.task(name="maintenance.sweep_tasks", base=PeriodicTask, time_limit=30)
def sweep_tasks() -> None:
    """Send again what got lost; bury what failed too often."""
    swept = leases.sweep()
    if any((swept.resent, swept.reclaimed, swept.buried)):
        log.warning("tasks_swept", resent=swept.resent, reclaimed=swept.reclaimed, buried=swept.buried)


@celery.task(name="maintenance.purge_tasks", base=PeriodicTask, time_limit=120, commits_itself=True)
def purge_tasks() -> None:
    """Drop the rows of tasks that finished well some days ago, so many a transaction."""
    _in_units(outbox.purge_finished, outbox.PURGED_AT_A_TIME)


@celery.task(name="maintenance.purge_sessions", base=PeriodicTask, time_limit=120, commits_itself=True)
def purge_sessions() -> None:
    """Drop refresh tokens that expired, so many a transaction."""
    _in_units(sessions.purge_expired, sessions.PURGED_AT_A_TIME)


@celery.task(name="maintenance.purge_idempotency_keys", base=PeriodicTask, time_limit=120)
def purge_idempotency_keys() -> None:
    """Drop keys whose 24 hours are over."""
    idempotency_keys.purge_expired()


@celery.task(name="maintenance.make_partitions", base=PeriodicTask, time_limit=60)
def make_partitions() -> None:
    """Make the partitions of the months ahead; without one for its month, no message and no notification can be stored."""
    partitions.ensure(now())


@celery.task(name="maintenance.retire_partitions", base=PeriodicTask, time_limit=300, commits_itself=True)
def retire_partitions() -> None:
    """Archive and drop months that the settings no longer keep, a little at a time: the sweeps wait in the same queue."""
    try:
        gone = partition_retention.retire_due(now(), seconds=20)
    except PartitionBusy as error:
        log.info("partitions_not_retired", reason=str(error))
        return
    if gone:
        log.info("partitions_retired", names=gone)


@celery.task(name="maintenance.purge_events", base=PeriodicTask, time_limit=300, commits_itself=True)
def purge_events() -> None:
    """Drop what open pages were told a day ago, so many events a transaction."""
    _in_units(events.purge_old, events.PURGED_AT_A_TIME)


@celery.task(name="maintenance.expire_payments", base=PeriodicTask, time_limit=60)
def expire_payments() -> None:
    """Mark payments that nobody made, once the gateway has stopped calling about them."""
    expired = settlement.expire_pending()
    if expired:
        log.info("payments_expired", count=expired)


@celery.task(name="maintenance.end_memberships", base=PeriodicTask, time_limit=300, commits_itself=True)
def end_memberships() -> None:
    """Take unlimited posting from all memberships that have ended, so many a transaction; credits stay for the next one."""
    log.info("memberships_ended", count=_in_units(holdings.end_memberships, holdings.ENDED_AT_A_TIME))


@celery.task(name="maintenance.purge_gateway_events", base=PeriodicTask, time_limit=120)
def purge_gateway_events() -> None:
    """Drop old calls that no gateway made; what a gateway said stays with the books."""
    inbox.purge_refused()


@celery.task(name="maintenance.close_month", base=PeriodicTask, time_limit=120)
def close_month() -> None:
    """Book the revenue of the month that has ended; on every other day there is nothing to do."""
    entries = earnings.close_month()
    if entries:
        log.info("month_closed", lines=[(entry.account, entry.amount, entry.currency) for entry in entries])


@celery.task(name="maintenance.check_ledger", base=PeriodicTask, time_limit=300)
def check_ledger() -> None:
    """Prove the books; a difference is an error in the log, never mended in silence."""
    for difference in ledger_check.check_and_record():
        log.error("ledger_difference", rule=difference.rule, row=difference.row, kept=difference.kept, booked=difference.booked)


@celery.task(name="maintenance.check_search", base=PeriodicTask, time_limit=300, commits_itself=True)
def check_search() -> None:
    """Compare the indexes with the jobs and mend what differs; what was found before is kept for the metric."""
    for name, drift in rebuilding.check_and_repair():
        if drift.job_ids:
            log.error("search_drift", engine=name, missing=len(drift.missing), outdated=len(drift.outdated), extra=len(drift.extra))


@celery.task(name="maintenance.refresh_suggestions", base=PeriodicTask, time_limit=120)
def refresh_suggestions() -> None:
    """Make what is suggested to who types true to the open jobs."""
    suggestion_upkeep.refresh()


@celery.task(name="maintenance.purge_files", base=PeriodicTask, time_limit=300, commits_itself=True)
def purge_files() -> None:
    """Remove files that nothing refers to, and bytes without a row. A storage that looks like another database's is left alone."""
    with unit_of_work():
        rows = file_purge.purge_rows()
    try:
        orphans = file_purge.purge_bytes()
    except file_purge.ForeignStorage as error:
        log.error("storage_not_purged", error=str(error))
        return
    if rows or orphans:
        log.info("files_purged", unreferenced=rows, orphans=orphans)


@celery.task(name="maintenance.purge_pdfs", base=PeriodicTask, time_limit=120)
def purge_pdfs() -> None:
    """Remove résumés' PDFs that were not used for long, and those beyond a person's share."""
    purged = pdf_purge.purge_pdfs()
    if purged:
        log.info("pdfs_purged", count=purged)


@celery.task(name="maintenance.purge_cv_exports", base=PeriodicTask, time_limit=120)
def purge_cv_exports() -> None:
    """Remove archives of CVs whose time is over."""
    purged = cv_exports.purge_expired()
    if purged:
        log.info("cv_exports_purged", count=purged)


def _in_units(step: Callable[[int], int], most: int) -> int:
    """Take a step, which does at most so many, in a transaction of its own, until there is no more to do; how many it were in all."""
    total, done = 0, most
    while done == most:
        with unit_of_work():
            done = step(most)
        total += done
    return total
