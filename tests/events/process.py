"""The stream process of a test: the real server in a process of its own, with short waits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from config import Settings
from streams.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
_START = """
import asyncio, json, sys
from streams.application import Application
from streams.limits import Limits
from streams.server import serve

asked = json.loads(sys.argv[1])
limits = Limits(**asked["limits"])
asyncio.run(serve(Application(**asked["settings"], origins=frozenset(asked["origins"]), limits=limits), "127.0.0.1", asked["port"], limits))
"""


@dataclass
class StreamProcess:
    """One that answers at `url`."""

    url: str
    process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def running(cls, settings: Settings, limits: Limits, port: int, **addresses: str) -> "Iterator[StreamProcess]":
        """Start it, wait until it answers, and stop it at the end. `addresses` replace those of the settings."""
        values = {"database_url": settings.database_url, "redis_url": settings.redis_url, "secret": settings.secret_key, **addresses}
        asked = {"settings": values, "origins": settings.allowed_origins, "limits": asdict(limits), "port": port}
        command = [sys.executable, "-c", _START, json.dumps(asked)]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
        try:
            found = cls(f"http://127.0.0.1:{port}", process)
            found._wait()
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                httpx.get(f"{self.url}/ready/", trust_env=False)
                return
            except httpx.TransportError:
                assert self.process.poll() is None and time.monotonic() < deadline, "the stream process does not answer"
                time.sleep(0.05)
