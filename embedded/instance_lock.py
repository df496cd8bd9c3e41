"""One bin/serve per checkout."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from embedded.messages import StartError, say

# A run whose launcher was killed has its supervisor stop everything, which takes up to 25 s.
_STOPPING_SECONDS = 30


@contextmanager
def instance_lock(path: Path, address: str) -> Iterator[int]:
    """Hold the checkout; yields the descriptor that holds it.

    The lock is the kernel's, so none is left behind by a kill -9, and it lasts until the last process that has the descriptor
    ends. Raises StartError, naming the process and its address, when another one is running.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+") as file:
        _acquire(descriptor, path)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "started": psutil.Process().create_time(), "address": address}, file)
        file.flush()
        try:
            yield descriptor
        finally:
            file.seek(0)
            file.truncate(0)


def _acquire(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + _STOPPING_SECONDS
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            _refuse_if_running(path)
        if time.monotonic() > deadline:
            raise StartError("The previous run is still stopping. Try again in a while.")
        if not is_told:
            say("The previous run is still stopping; waiting for it")
            is_told = True
        time.sleep(0.2)


def _refuse_if_running(path: Path) -> None:
    try:
        holder = json.loads(path.read_text())
        is_running = psutil.Process(holder["pid"]).create_time() == holder["started"]
    except (ValueError, psutil.NoSuchProcess):
        return
    if is_running:
        raise StartError(f"bin/serve is already running in this checkout: {holder['address']}/ (process {holder['pid']}). Stop it with Ctrl-C there.")
