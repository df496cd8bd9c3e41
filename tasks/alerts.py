"""Job alerts on the default queue: an edition a day, in slices that let other mail pass."""

import structlog

from app.alerts import digests, editions, matching
from app.core.clock import now
from tasks.base import ClaimedTask, DurableTask, PeriodicTask, Unfinished, celery

log = structlog.get_logger()


@celery.task(name="alerts.begin", base=PeriodicTask, time_limit=30)
def begin() -> None:
    """Begin the day's edition when its hour has come; at every other time there is nothing to do."""
    day = editions.begin_due(now())
    if day is not None:
        log.info("alert_edition_begun", day=day.isoformat())


@celery.task(name="alerts.purge", base=PeriodicTask, time_limit=300)
def purge() -> None:
    """Drop what no later edition needs."""
    log.info("alert_matches_purged", count=editions.purge(now()))


@celery.task(name="alerts.match", base=DurableTask, time_limit=120)
def match(task: ClaimedTask) -> Unfinished | None:
    """Run the next distinct searches; after the last one, leave the digests to be made at their hour."""
    edition = editions.lock(task.args["day"])
    if matching.match_slice(edition):
        return Unfinished(_percent(edition.searches_done, edition.searches))
    editions.leave_digests(edition, now())
    log.info("alert_edition_matched", day=task.args["day"], matches=edition.matches)
    return None


@celery.task(name="alerts.digest", base=DurableTask, time_limit=120)
def digest(task: ClaimedTask) -> Unfinished | None:
    """Make the digests of the next people."""
    edition = editions.lock(task.args["day"])
    if digests.digest_slice(edition):
        return Unfinished(_percent(edition.people_done, edition.people))
    log.info("alert_edition_done", day=task.args["day"], digests=edition.digests)
    return None


def _percent(done: int, total: int) -> int:
    """1-99: it is under way."""
    return min(99, max(1, 100 * done // max(1, total)))
