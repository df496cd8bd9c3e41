"""The queue contract: every task is registered, routed, and consumed by exactly one of the workers that bin/serve starts."""

import re

import celery_worker
from app.core.broker import LONGEST_TIME_LIMIT, QUEUE_OF_PREFIX, QUEUES, queue_of
from embedded.app_programs import WORKERS
from tasks.base import DurableTask, PeriodicTask
from tasks.schedule import BEAT_SCHEDULE
from tests.sources import ROOT, enqueued_names, worker_commands

OURS = {name: task for name, task in celery_worker.celery.tasks.items() if not name.startswith("celery.")}


def test_every_task_is_routed_to_a_declared_queue() -> None:
    assert OURS
    assert {queue_of(name) for name in OURS} <= set(QUEUES)
    assert set(QUEUE_OF_PREFIX.values()) == set(QUEUES)


def test_each_queue_is_consumed_by_exactly_one_started_worker() -> None:
    consumed = [queue for command in worker_commands() for queue in re.search(r"-Q\s+(\S+)", command)[1].split(",")]  # type: ignore[index]

    assert sorted(consumed) == sorted(QUEUES)


def test_the_compose_file_starts_the_workers_of_bin_serve() -> None:
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")

    started = {queue: int(count) for queue, count in re.findall(r"celery -A celery_worker worker -Q (\S+) -c (\d+)", compose)}

    assert started == WORKERS


def test_every_name_that_the_application_enqueues_is_a_registered_durable_task() -> None:
    names = enqueued_names()

    assert names
    assert {name: isinstance(OURS.get(name), DurableTask) for name in names} == dict.fromkeys(names, True)


def test_every_task_has_a_time_limit_below_the_visibility_timeout() -> None:
    limits = {name: task.time_limit for name, task in OURS.items()}

    assert all(limit is not None and 0 < limit <= LONGEST_TIME_LIMIT for limit in limits.values()), limits


def test_beat_starts_only_periodic_tasks_that_exist() -> None:
    started = {entry["task"] for entry in BEAT_SCHEDULE.values()}

    assert {name: isinstance(OURS.get(name), PeriodicTask) for name in started} == dict.fromkeys(started, True)


def test_a_worker_whose_clock_is_ten_minutes_ahead_drops_nothing_that_beat_starts() -> None:
    assert {name for name, entry in BEAT_SCHEDULE.items() if entry["options"]["expires"] <= 600} == set()
