"""Prometheus metrics: what the database knows about queues and partitions, read at scrape time, so that any API process gives the same answer."""

import os
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy import Select, and_, func, or_, select, union_all

from app.alerts import editions as alert_editions
from app.core import partitions
from app.core.clock import now, statement_time
from app.core.outbox import Task, TaskState
from app.extensions import db
from app.mail import bounces
from app.payments import ledger_check
from app.search import checks, choice
from app.search.answers import tally

__all__ = ["CONTENT_TYPE_LATEST", "render"]


UNFINISHED = (TaskState.PENDING, TaskState.SENT, TaskState.RUNNING, TaskState.DEAD)


class TaskCollector(Collector):
    """Tasks by name and state, and the age of the oldest one that waits."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counts = GaugeMetricFamily("jobboard_tasks", "Unfinished and dead tasks.", labels=["name", "state"])
        for name, state, number in db.session.execute(union_all(*(_counted(state) for state in UNFINISHED))):
            counts.add_metric([name, state], number)
        yield counts

        # As the partial indexes have it: written as a list of states, it is looked for in every row.
        waiting = and_(or_(Task.state == TaskState.PENDING, Task.state == TaskState.SENT), Task.run_after <= statement_time())
        oldest = select(Task.name, func.extract("epoch", statement_time() - func.min(Task.run_after))).where(waiting).group_by(Task.name)
        ages = GaugeMetricFamily("jobboard_task_oldest_waiting_seconds", "How long the oldest due task has waited.", labels=["name"])
        for name, seconds in db.session.execute(oldest):
            ages.add_metric([name], float(seconds))
        yield ages


def _counted(state: TaskState) -> Select[str, str, int]:
    """One state, by its own partial index: the finished tasks of a week are many more than these."""
    return select(Task.name, Task.state, func.count()).where(Task.state == state).group_by(Task.name, Task.state)


class PartitionCollector(Collector):
    """For how many months after the present one each partitioned table is ready."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        left = GaugeMetricFamily("jobboard_partition_months_left", "Months ahead that have a partition; alarm below 2.", labels=["table"])
        for table in partitions.PARTITIONED:
            left.add_metric([table], partitions.months_left(table, now()))
        yield left


class LedgerCollector(Collector):
    """The result of the newest check of the books; nothing before the first one, so that an alarm can tell silence from zero."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        last = ledger_check.find_last_check()
        if last is not None:
            yield GaugeMetricFamily("jobboard_ledger_differences", "Balances that do not follow from the ledger.", value=last.differences)
            described = "When the books were last checked; alarm when it is older than a day."
            yield GaugeMetricFamily("jobboard_ledger_checked_timestamp_seconds", described, value=last.checked_at.timestamp())


class AlertCollector(Collector):
    """How far the latest edition of the job alerts has come; nothing before the first one."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for edition in alert_editions.recent(1):
            yield GaugeMetricFamily("jobboard_alert_people", "People with job alerts, in the latest edition.", value=edition.people)
            yield GaugeMetricFamily("jobboard_alert_people_done", "Of these, those whose digest was made or had no news.", value=edition.people_done)
            described = "When the latest edition began; alarm when it is older than a day and a half."
            yield GaugeMetricFamily("jobboard_alert_edition_timestamp_seconds", described, value=edition.started_at.timestamp())


class BounceCollector(Collector):
    """Addresses that are not written to: a jump means that a provider refuses us."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("jobboard_mail_bounced_addresses", "Addresses from which mail came back.", value=bounces.count())


class SearchCollector(Collector):
    """The newest comparison of each search engine's index with the jobs; nothing before the first one. And which engine answers."""

    def collect(self) -> Iterator[Metric]:
        drift = GaugeMetricFamily("jobboard_search_drift", "Copies of jobs that differ from them, at the last check.", labels=["engine", "kind"])
        checked = GaugeMetricFamily(
            "jobboard_search_checked_timestamp_seconds", "When an index was last compared; alarm when older than a day.", labels=["engine"]
        )
        for check in checks.newest():
            for kind in ("missing", "outdated", "extra"):
                drift.add_metric([check.engine, kind], getattr(check, kind))
            checked.add_metric([check.engine], check.checked_at.timestamp())
        yield from (drift, checked)
        described = "Answered searches by the engine that answered, and whether it stood in for another; of one process, since it began."
        answered = CounterMetricFamily("jobboard_search_answers", described, labels=["engine", "degraded", "process"])
        for (engine, is_degraded), number in tally().read().items():
            answered.add_metric([engine, str(is_degraded).lower(), str(os.getpid())], number)
        yield answered
        if choice.is_elastic():
            described = "Whether PostgreSQL stands in for Elasticsearch, as the process that answers has last seen it."
            yield GaugeMetricFamily("jobboard_search_away", described, value=int(not choice.breaker().is_closed))


def render() -> bytes:
    """The exposition text."""
    registry = CollectorRegistry()
    registry.register(TaskCollector())
    registry.register(PartitionCollector())
    registry.register(LedgerCollector())
    registry.register(AlertCollector())
    registry.register(BounceCollector())
    registry.register(SearchCollector())
    return generate_latest(registry)
