"""The cached job detail against a bare Flask route on the same server and, if asked, against Django REST framework, in one run.

    python bench/job_detail.py [--rounds 5] [--seconds 4] [--drf /path/to/python]

Reads the environment as the application does; the database must hold an open job (`flask demo load`). The servers take turns, each round in
another order, so that a busy machine is unfair to all alike; what counts are the medians' ratios. `--drf` names a Python that has django,
djangorestframework, gunicorn, psycopg and redis. Uses wrk when there is one, else a generator in Python, which is slower than the servers.
"""

import argparse
import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import select  # noqa: E402

from app import create_app  # noqa: E402  The checkout is put on the path above.
from app.extensions import db  # noqa: E402
from app.jobs.models import Job, JobStatus  # noqa: E402
from config import Settings, load_settings  # noqa: E402

CONNECTIONS = 16


def open_job(settings: Settings) -> int:
    """The id of any job that the public sees."""
    app = create_app(settings)
    with app.app_context():
        job_id = db.session.scalar(select(Job.id).where(Job.status == JobStatus.OPEN, Job.deleted_at.is_(None)).order_by(Job.id).limit(1))
    if job_id is None:
        raise SystemExit("There is no open job: run `flask --app wsgi demo load` first.")
    return job_id


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(command: list[str], folder: Path, port: int, path: str, environment: dict[str, str]) -> Iterator[str]:
    """Run a server until the block ends; the address of the job on it, once it answers."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}{path}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(address, timeout=5).read()
                break
            except (URLError, OSError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"This server does not answer: {' '.join(command)}") from None
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def granian(application: str, port: int, workers: int) -> list[str]:
    size = ["--workers", str(workers), "--blocking-threads", "4"]
    return [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "error", "--port", str(port), *size, application]


def gunicorn(python: str, port: int, workers: int) -> list[str]:
    return [python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--log-level", "error", "drf_site:application"]


def requests_per_second(address: str, seconds: float) -> float:
    """How many answers with status 200 come in a second over `CONNECTIONS` connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return asyncio.run(_generate(address, seconds))
    report = subprocess.run([wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", address], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in report:
        raise SystemExit(f"Errors from {address}:\n{report}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", report)
    return float(found.group(1)) if found else 0.0


async def _generate(address: str, seconds: float) -> float:
    host, _, path = address.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    request = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    until = time.monotonic() + seconds

    async def ask() -> int:
        reader, writer = await asyncio.open_connection(name, int(port))
        answers = 0
        while time.monotonic() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            if not head.startswith(b"HTTP/1.1 200") or length is None:
                raise SystemExit(f"An unexpected answer from {address}: {head!r}")
            await reader.readexactly(int(length.group(1)))
            answers += 1
        writer.close()
        return answers

    return sum(await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--drf", metavar="PYTHON", help="Measure Django REST framework too, run by this Python.")
    options = parser.parse_args()

    settings = load_settings()
    database = settings.database_url.replace("+psycopg", "")
    environment = {**os.environ, "LOG_LEVEL": "ERROR", "DATABASE_URL": database, "REDIS_CACHE_URL": settings.redis_cache_url}
    path = f"/api/v1/jobs/{open_job(settings)}/"
    ports = {name: free_port() for name in ("job detail", "bare Flask route", "DRF cache_page")}
    commands = {
        "job detail": (granian("wsgi:app", ports["job detail"], options.workers), ROOT),
        "bare Flask route": (granian("bare_route:app", ports["bare Flask route"], options.workers), ROOT / "bench"),
    }
    if options.drf:
        commands["DRF cache_page"] = (gunicorn(options.drf, ports["DRF cache_page"], options.workers), ROOT / "bench")

    with ExitStack() as stack:
        addresses = {
            name: stack.enter_context(served(command, folder, ports[name], path, environment)) for name, (command, folder) in commands.items()
        }
        for address in addresses.values():
            requests_per_second(address, 1)
        measured = measure(addresses, options.rounds, options.seconds)
    report(measured)


def measure(addresses: dict[str, str], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Requests a second of each server, round by round."""
    measured: dict[str, list[float]] = {name: [] for name in addresses}
    for number in range(rounds):
        names = list(addresses)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            measured[name].append(requests_per_second(addresses[name], seconds))
    return measured


def report(measured: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(rates) for name, rates in measured.items()}
    for name, rates in measured.items():
        print(f"{name:18} {medians[name]:8.0f}/s   rounds: {' '.join(f'{rate:.0f}' for rate in rates)}")
    ours = medians.pop("job detail")
    for name, rate in medians.items():
        print(f"job detail / {name}: {ours / rate:.2f}")


if __name__ == "__main__":
    main()
