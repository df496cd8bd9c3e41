"""The whole system as separate processes on a database of its own: API, relay, one worker a queue, beat."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeVar

import httpx

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
WORKERS = {"pdf": 2, "search": 1, "payments": 2, "default": 2, "maintenance": 1}

Found = TypeVar("Found")


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], Found | None], *, seconds: float, what: str) -> Found:
    """The first true value of `look()`; fails with `what` when it does not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


class System:
    """Starts the processes, hands out HTTP clients, and kills what a test wants killed. Logs are in `folder`."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self.environment = {**os.environ, **environment, "PUBLIC_URL": self.url, "FRONTEND_URL": self.url, "REMAP_SIGTERM": "SIGQUIT"}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self._clients: list[httpx.Client] = []

    def start(self) -> None:
        """Start everything and wait until the API is ready."""
        api = ["granian", "--interface", "wsgi", "--port", str(self.port), "--workers", "2", "--blocking-threads", "16", "wsgi:app"]
        self._spawn("api", api)
        self.start_relay()
        for queue in WORKERS:
            self.start_worker(queue)
        self._spawn("beat", ["celery", "-A", "celery_worker", "beat", "-s", str(self._folder / "beat")])
        eventually(self._is_ready, seconds=60, what="a ready API")

    def start_relay(self) -> None:
        """Start the relay alone."""
        self._spawn("relay", ["flask", "--app", "wsgi", "outbox", "relay"])

    def start_worker(self, queue: str) -> None:
        """Start the worker of one queue by the celery CLI."""
        options = ["-Q", queue, "-c", str(WORKERS[queue]), "-n", f"{queue}@{self.port}", "--without-mingle", "--without-gossip"]
        self._spawn(queue, ["celery", "-A", "celery_worker", "worker", *options])

    def pid(self, name: str) -> int:
        """The main process of a part."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """kill -9 a process and all its children."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End every process, and close what was opened for them."""
        for name in list(self._processes):
            with suppress(ProcessLookupError):
                self.kill(name)
        for opened in (*self._logs, *self._clients):
            opened.close()

    def client(self, email: str | None = None, password: str = "demo123") -> httpx.Client:
        """An anonymous client, or one signed in as `email`."""
        client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=30, trust_env=False)
        self._clients.append(client)
        if email:
            login = client.post("/auth/login/", json={"email": email, "password": password})
            assert login.status_code == 200, login.text
            client.cookies.clear()
            client.headers["Authorization"] = f"Bearer {login.json()['access']}"
        return client

    def run(self, *command: str) -> None:
        """Run one of the project's commands to its end."""
        subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def _is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/api/health/ready/", trust_env=False).status_code == 200
        return False

    def _spawn(self, name: str, command: list[str]) -> None:
        log = (self._folder / f"{name}.log").open("ab")
        self._logs.append(log)
        self._processes[name] = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]], cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
