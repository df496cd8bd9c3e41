"""A database of its own and the processes of a payment benchmark, on the servers of DATABASE_URL and REDIS_URL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.extensions import db
from config import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LOGS = Path(os.environ.get("BENCH_LOGS", "/tmp/bench-payments"))


@contextmanager
def fresh_system() -> Iterator[tuple[Flask, Settings]]:
    """An application on a migrated database that is dropped at the end; the processes started meanwhile get the same settings."""
    base, name = os.environ["DATABASE_URL"], f"bench_payments_{os.getpid()}"
    with psycopg.connect(named(base, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        os.environ.update(DATABASE_URL=named(base, name), LOG_LEVEL="WARNING", PAYMENT_CREATE_RATE="", DEFAULT_RATE="", REMAP_SIGTERM="SIGQUIT")
        LOGS.mkdir(exist_ok=True)
        try:
            app = create_app(load_settings())
            with app.app_context():
                upgrade()
                yield app, app.extensions["settings"]
                db.session.remove()
                db.engine.dispose()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def process(name: str, *command: str) -> Iterator[int]:
    """Run one of the virtual environment's programs, by its process id, beside the benchmark; its output goes to a file in LOGS."""
    with (LOGS / f"{name}.log").open("wb") as log:
        running = subprocess.Popen([str(BIN / command[0]), *command[1:]], cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            yield running.pid
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def wait_until(look: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> float:
    """When `look()` became true, by the monotonic clock. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look():
            return time.monotonic()
        time.sleep(pause)
    raise TimeoutError(f"not within {seconds:.0f} s; see {LOGS}")


def queued(broker: "redis.Redis[bytes]") -> tuple[int, int]:
    """The messages that wait for the payments worker, and those that it holds."""
    return int(broker.llen("payments")), int(broker.hlen("unacked"))  # type: ignore[arg-type]


def named(url: str, name: str) -> str:
    return urlsplit(url.replace("postgresql+psycopg://", "postgresql://", 1))._replace(path=f"/{name}").geturl()
