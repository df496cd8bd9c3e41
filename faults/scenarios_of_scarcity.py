"""Scenarios in which something is full."""

import time

from faults import nemesis
from faults.figures import note_latency
from faults.history import percentile
from faults.scenario import scenario
from faults.small_disk import small_disk
from faults.stage import Stage


@scenario
def disk_full(stage: Stage) -> None:
    """PostgreSQL's disk is full for 15 s: what was acknowledged is there; 503 meanwhile, and all goes on when there is room again."""
    with small_disk(stage.board) as disk:
        with stage.load(seconds=40) as load:
            load.wait_until(8)
            full = time.time()
            while load.seconds < 23:
                disk.fill()
                time.sleep(0.1)
            stage.strikes += 1
            was_down = stage.board.postgres.pid is None
            disk.make_room()
            room = time.time()
        meanwhile = stage.history.attempts(full, room)
        refused = [attempt.seconds for attempt in meanwhile if attempt.status == 503]
        silent = sum(attempt.status == 0 for attempt in meanwhile)
        if not refused:
            stage.failures.append("nothing was refused while the disk was full")
        if silent:
            stage.failures.append(f"{silent} requests got no answer while the disk was full")
        first = min(attempt.at + attempt.seconds - room for attempt in stage.history.attempts(since=room) if 0 < attempt.status < 500)
        stage.remarks.append(
            f"{len(meanwhile)} requests while it was full, {len(refused)} answered 503 after {percentile(refused, 0.5) * 1000:.0f} ms, "
            f"p99 {percentile(refused, 0.99) * 1000:.0f} ms; first success {first:.1f} s after there was room; "
            f"PostgreSQL {'had ended and was started again' if was_down else 'went on by itself'}"
        )


@scenario
def broker_full(stage: Stage) -> None:
    """The broker takes nothing for 15 s, its memory full and nothing evicted: the API goes on, tasks wait in PostgreSQL and go out afterwards."""
    with stage.load(seconds=40) as load:
        load.wait_until(8)
        full = time.time()
        with nemesis.full_broker(stage.board) as refused:
            load.wait_until(23)
        room, at = time.time(), stage.clock()
        [(held,)] = stage.sql(_WAITING, at=at)
        stage.strikes = refused()
    note_latency(stage, "full", full, room)
    if not stage.strikes or not held:
        stage.failures.append(f"the broker refused {stage.strikes} commands, and {held} tasks waited")
    stage.wait_for("an end of what had waited", lambda: stage.sql(_WAITING, at=at) == [(0,)], 300)
    [(seconds,)] = stage.sql(_DRAINED, since=stage.since, at=at)
    stage.remarks.append(f"{held} tasks waited when there was room again, the last of them done {seconds:.1f} s later")


@scenario
def cache_flooded(stage: Stage) -> None:
    """The cache's memory is written full over and over: it evicts what it holds, and nothing of the queues and limits beside it goes."""
    before = nemesis.evicted(stage.board, "REDIS_CACHE_URL")
    with stage.load(seconds=30) as load:
        for _ in load.ticks(0.3):
            stage.strike(lambda: nemesis.flood_cache(stage.board, stage.rng))
    cache, state = nemesis.evicted(stage.board, "REDIS_CACHE_URL") - before, nemesis.evicted(stage.board, "REDIS_URL")
    if state or not cache:
        stage.failures.append(f"evicted {state} keys of the broker and {cache} of the cache")
    stage.remarks.append(f"evicted {cache} keys of the cache, {state} of the broker and the limits")


_WAITING = "SELECT count(*) FROM tasks WHERE created_at < %(at)s AND state IN ('PENDING', 'SENT', 'RUNNING')"
_DRAINED = "SELECT extract(epoch FROM max(finished_at) - %(at)s) FROM tasks WHERE created_at BETWEEN %(since)s AND %(at)s"
