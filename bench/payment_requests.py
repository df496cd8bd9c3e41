"""How fast a purchase is started and repeated, over HTTP on the serving command's own server.

    python -m bench.payment_requests [requests]

100 clients call `create_payment` at once, each request with a key of its own: p99 beside p50. Then one client starts purchases and
repeats each under its key: a replay beside a first call.
"""

import http.client
import json
import statistics
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy import func, select

from app.accounts import sessions
from app.accounts.models import User
from app.core.auth import Role
from app.core.clock import now
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments.models import Package, PackageType, Transaction
from bench.payment_system import fresh_system, process, wait_until

PORT = 18462
CLIENTS = 100
PATH = "/api/v1/payments/create_payment/"
SERVER = ("granian", "--interface", "wsgi", "--port", str(PORT), "--workers", "2", "--blocking-threads", "16", "--backlog", "1024", "wsgi:app")


class Client:
    """One buyer on one kept connection."""

    def __init__(self, token: str, package_id: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        self._body = json.dumps({"package_id": package_id})
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def buy(self, key: str) -> tuple[float, bytes]:
        """Seconds until the answer was read, and its bytes."""
        started = time.perf_counter()
        self._connection.request("POST", PATH, self._body, {**self._headers, "Idempotency-Key": key})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{answer.status}: {body!r}")
        return time.perf_counter() - started, body


def main(number: int = 4000) -> None:
    with fresh_system() as _, process("server", *SERVER):
        tokens, package_id = make_buyers(CLIENTS)
        wait_until(is_serving, seconds=60)
        clients = [Client(token, package_id) for token in tokens]
        together(clients, 10)
        times = sorted(together(clients, number // CLIENTS))
        first, replay = alone(clients[0], 300)
        made = db.session.scalar(select(func.count()).select_from(Transaction))
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"create_payment, {CLIENTS} clients at once, {len(times)} requests")
    print(f"p50 {p50 * 1000:7.1f} ms   p99 {p99 * 1000:7.1f} ms   p99 / p50 {p99 / p50:5.2f}   (under 5 is asked for)")
    print(
        f"first {first * 1000:5.2f} ms   replay {replay * 1000:5.2f} ms   first / replay {first / replay:5.2f}   (at least 2 is asked for; medians)"
    )
    print(f"{made} transactions for {CLIENTS * 10 + len(times) + 300} keys")


def make_buyers(number: int) -> tuple[list[str], int]:
    """Signed-in recruiters' tokens, and what they buy."""
    with unit_of_work():
        users = [
            User(email=f"b{n}@bench.example", password_hash="-", full_name="B", user_type=Role.RECRUITER, is_active=True, approved_at=now())
            for n in range(number)
        ]
        package = Package(name="Ten postings", price=1_500_000, duration_days=30, package_type=PackageType.CREDIT, job_posting_limit=10)
        db.session.add_all([*users, package])
        db.session.flush()
        return [sessions.open_session(user).access for user in users], package.id


def is_serving() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
    with suppress(OSError):
        connection.request("GET", "/api/health/")
        return connection.getresponse().status == 200
    return False


def together(clients: list[Client], times: int) -> list[float]:
    """All clients at once, each one request after the other."""
    barrier = threading.Barrier(len(clients))

    def run(client: Client) -> list[float]:
        barrier.wait(60)
        return [client.buy(uuid.uuid4().hex)[0] for _ in range(times)]

    with ThreadPoolExecutor(len(clients)) as pool:
        return [seconds for taken in pool.map(run, clients) for seconds in taken]


def alone(client: Client, number: int) -> tuple[float, float]:
    """The median of a first call and of its replay, one after the other, so that both meet the same machine."""
    firsts, replays = [], []
    for _ in range(number):
        key = uuid.uuid4().hex
        (first, body), (replay, again) = client.buy(key), client.buy(key)
        if again != body:
            raise AssertionError("a replay differs from its first answer")
        firsts.append(first)
        replays.append(replay)
    return statistics.median(firsts), statistics.median(replays)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
