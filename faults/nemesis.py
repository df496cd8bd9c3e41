"""What breaks the board: each function does it once, and tells how many processes, connections or messages it hit."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import psutil
import redis

from faults.board import WORKER_NAMES, Board

# MiB; of the cache's 128.
_FLOOD = 8


def kill_child(board: Board, rng: Random) -> int:
    """kill -9 of a pool child of some worker; of the pdf worker also a press, or the foreman of the presses."""
    processes = board.processes(rng.choice(WORKER_NAMES))
    return _kill(rng.choice(processes[1:])) if len(processes) > 1 else 0


def kill_worker(board: Board, rng: Random) -> int:
    """kill -9 of a worker's main process; what it leaves behind is ended as bin/serve ends it."""
    return kill_main(board, rng.choice(WORKER_NAMES))


def kill_main(board: Board, name: str) -> int:
    """kill -9 of a program's main process, once it is up."""
    hit = sum(_kill(process) for process in board.processes(name)[:1])
    board.tidy()
    return hit


def kill_api(board: Board, rng: Random) -> int:
    """kill -9 of one of the API's processes, its main one included."""
    processes = board.processes("api")
    hit = _kill(rng.choice(processes)) if processes else 0
    board.tidy()
    return hit


def terminate(board: Board, name: str) -> int:
    """What a deploy sends to a worker; the process manager starts it again."""
    pid = board.pid(name)
    if pid is None:
        return 0
    psutil.Process(pid).terminate()
    return 1


def send_to_all(board: Board, name: str, number: signal.Signals) -> int:
    """A signal to a program and its descendants. The main process is stopped before them and goes on after them: it ends those that are late."""
    processes = board.processes(name)
    for process in processes if number == signal.SIGSTOP else [*processes[1:], *processes[:1]]:
        # A child may end by itself in between.
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    return len(processes)


def empty_broker(board: Board) -> int:
    """FLUSHALL."""
    with _broker(board) as client:
        client.flushall()
    return 1


def cut_connections(board: Board) -> int:
    """CLIENT KILL of every connection to the broker."""
    with _broker(board) as client:
        return int(client.client_kill_filter(_type="normal", skipme=True)) + int(client.client_kill_filter(_type="pubsub", skipme=True))


@contextmanager
def full_broker(board: Board) -> Iterator[Callable[[], int]]:
    """The broker's memory full under `noeviction` while the block lasts; yields what tells how many commands it has refused for that."""
    with _broker(board) as client:
        usual = client.config_get("maxmemory")["maxmemory"]
        before = _refused_for_memory(client)
        client.config_set("maxmemory", 1)
        try:
            yield lambda: _refused_for_memory(client) - before
        finally:
            client.config_set("maxmemory", usual)


def flood_cache(board: Board, rng: Random) -> int:
    """Write a sixteenth of the cache's memory under new keys."""
    with redis.Redis.from_url(board.environment["REDIS_CACHE_URL"]) as client, client.pipeline(transaction=False) as pipeline:
        for _ in range(_FLOOD):
            pipeline.set(f"flood:{rng.getrandbits(64):x}", bytes(1024**2), ex=600)
        return len(pipeline.execute())


def evicted(board: Board, url: str) -> int:
    """How many keys the Redis of that variable has evicted since its start."""
    with redis.Redis.from_url(board.environment[url]) as client:
        statistics: Any = client.info("stats")
        return int(statistics["evicted_keys"])


def queued(board: Board) -> int:
    """How many messages wait in the broker."""
    with _broker(board) as client:
        return sum(int(client.llen(name.removeprefix("worker-"))) for name in WORKER_NAMES)


def _refused_for_memory(client: redis.Redis) -> int:
    statistics: Any = client.info("errorstats")
    return int(statistics.get("errorstat_OOM", {}).get("count", 0))


def _broker(board: Board) -> redis.Redis:
    return redis.Redis.from_url(board.environment["REDIS_URL"])


def _kill(process: psutil.Process) -> int:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return 0
    return 1
