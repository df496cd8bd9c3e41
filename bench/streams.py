"""Two thousand idle event streams: what they take, and how soon an event arrives.

    python -m bench.streams [streams] [events]

Needs DATABASE_URL and REDIS_URL; makes a database of its own and drops it. The stream process is the real one; people are one a stream.
Latency runs from before the commit that announces an event until its bytes are read, with a relay's forwarder in this process; beside it
stands how soon a plain listener hears PostgreSQL's own notification of the same commits.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.accounts.models import TokenFamily, User
from app.core.auth import Role
from app.core.forwarding import Forwarder
from app.core.identity import Identity
from app.core.unit_of_work import unit_of_work
from app.events.pending import Event
from app.events.service import announce
from app.events.tokens import stream_token
from app.extensions import db
from bench.payment_system import named
from config import load_settings
from embedded.ports import find_free_port

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "bench_streams"
GOAL = 300 * 1024 * 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streams", nargs="?", type=int, default=2000)
    parser.add_argument("events", nargs="?", type=int, default=500)
    asked = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, asked.streams + 500), hard))
    base = os.environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1)
    url = named(base, DATABASE)
    with psycopg.connect(named(base, "postgres"), autocommit=True) as administration:
        administration.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        administration.execute(f"CREATE DATABASE {DATABASE}")
        app = create_app(load_settings(environment="test", database_url=url))
        try:
            _measure(app, url, asked.streams, asked.events)
        finally:
            with app.app_context():
                db.engine.dispose()
            administration.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _measure(app: Flask, url: str, streams: int, events: int) -> None:
    tokens = _people(app, streams)
    stopping = threading.Event()
    forwarder = threading.Thread(target=Forwarder(url, app.config["REDIS_URL"], stopping).run)
    forwarder.start()
    port = find_free_port()
    settings = app.extensions["settings"]
    environment = {**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.redis_url, "SECRET_KEY": settings.secret_key}
    process = subprocess.Popen([sys.executable, "-m", "streams", "--port", str(port)], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_run(app, url, port, process.pid, tokens, events))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        stopping.set()
        forwarder.join()


def _people(app: Flask, count: int) -> dict[int, str]:
    """New people, and a token of each."""
    with app.app_context():
        upgrade()
        with unit_of_work():
            people = [User(email=f"{n}@x.vn", full_name="N", password_hash="x", user_type=Role.CANDIDATE, is_active=True) for n in range(count)]
            db.session.add_all(people)
            db.session.flush()
            ids = [person.id for person in people]
            families: dict[int, UUID] = {person: uuid4() for person in ids}
            db.session.add_all([TokenFamily(id=family, user_id=person) for person, family in families.items()])
        return {person: stream_token(Identity(person, str(family), "", from_cookie=False)) for person, family in families.items()}


async def _run(app: Flask, url: str, port: int, pid: int, tokens: dict[int, str], events: int) -> None:
    await _answering(port)
    empty = _resident(pid)
    started = time.monotonic()
    arrivals: dict[int, float] = {}
    arrived = asyncio.Event()
    readers = []
    for token in tokens.values():
        readers.append(asyncio.create_task(_read(*await _open(port, token), arrivals, arrived)))
    print(f"{len(tokens)} streams opened in {time.monotonic() - started:.1f} s")
    await asyncio.sleep(20)
    full = _resident(pid)
    per_stream = (full - empty) / len(tokens) / 1024
    print(f"resident: {empty / 2**20:.0f} MiB without streams, {full / 2**20:.0f} MiB with {len(tokens)} idle ones, {per_stream:.1f} KiB each")
    print(f"of 300 MiB: {full / GOAL:.2f} (goal: under 1)")
    heard, listening = _listener(url, events)
    taken = []
    for number in range(events):
        person = random.choice(list(tokens))
        arrived.clear()
        begun = time.monotonic()
        await asyncio.to_thread(_announce, app, person, number)
        async with asyncio.timeout(10):
            while number not in arrivals:
                await arrived.wait()
                arrived.clear()
        taken.append((begun, arrivals[number]))
    listening.join()
    ours = sorted(end - begin for begin, end in taken)
    plain = sorted(end - begin for (begin, _), end in zip(taken, heard, strict=True))
    for name, at in (("p50", 0.5), ("p99", 0.99)):
        one, other = ours[int(len(ours) * at)] * 1000, plain[int(len(plain) * at)] * 1000
        print(f"{name} from before the commit: {one:.1f} ms to the client, {other:.1f} ms to a plain LISTEN, ratio {one / other:.2f}")
    for reader in readers:
        reader.cancel()


def _announce(app: Flask, person: int, number: int) -> None:
    with app.app_context(), unit_of_work():
        announce([Event(person, "event", {"number": number})])


def _listener(url: str, count: int) -> tuple[list[float], threading.Thread]:
    """The moments at which a plain listener hears of each commit."""
    heard: list[float] = []
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("LISTEN events")

    def listen() -> None:
        with connection:
            heard.extend(time.monotonic() for _ in connection.notifies(stop_after=count))

    thread = threading.Thread(target=listen)
    thread.start()
    return heard, thread


async def _answering(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


async def _open(port: int, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream whose first event has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    writer.write(f"GET /api/v1/events/stream?token={token} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    await reader.readuntil(b'"resumed": false}\n\n')
    return reader, writer


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrivals: dict[int, float], arrived: asyncio.Event) -> None:
    try:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                arrivals[json.loads(line[6:])["number"]] = time.monotonic()
                arrived.set()
    finally:
        writer.close()


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
