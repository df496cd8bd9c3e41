"""A process that dies anywhere in `create_payment`: a retry under the same key makes one transaction and one order at the gateway."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app.accounts import sessions
from app.core import idempotency_keys as keys
from app.core.idempotency_keys import IdempotencyKey
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments.models import Transaction
from config import ROOT
from tests.conftest import plain
from tests.payments.builders import add_package, buyer
from tests.payments.dying_process import DEATH

CLAIM, ORDER, READ, ANSWER = 1, 2, 3, 4
AT_A_COMMIT = [f"{side} {number}" for number in (CLAIM, ORDER, READ, ANSWER) for side in ("before", "after")]


class Shop:
    """The dying process for one package, and what is left in the database and at the gateway."""

    def __init__(self, app: APIFlask, currency: str, folder: Path) -> None:
        self.app = app
        self._calls = folder / "calls"
        self._calls.touch()
        with app.app_context(), unit_of_work():
            token = sessions.open_session(buyer()).access
            package_id = add_package(currency=currency, price=5000).id
        settings = app.extensions["settings"]
        environment = {
            "PATH": "/usr/bin:/bin",
            "ENVIRONMENT": "test",
            "DATABASE_URL": plain(settings.database_url),
            "REDIS_URL": settings.redis_url,
            "REDIS_CACHE_URL": settings.redis_cache_url,
            "SECRET_KEY": settings.secret_key,
            "STRIPE_SECRET_KEY": "sk_test_crashes",
            "STRIPE_WEBHOOK_SECRETS": "whsec_crashes",
            "PAYMENT_CREATE_RATE": "",
        }
        command = [sys.executable, "-m", "tests.payments.dying_process", token, str(package_id), str(self._calls)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, key: str, point: str = "never") -> dict[str, Any]:
        """One request in a child of its own; what became of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(key, point, file=self._process.stdin, flush=True)
        # Structured log lines of the application come before the answer.
        answer = next(line for line in self._process.stdout if line.startswith('{"exit"'))
        found: dict[str, Any] = json.loads(answer)
        return found

    def end_leases(self) -> None:
        with self.app.app_context(), unit_of_work():
            db.session.execute(update(IdempotencyKey).values(locked_until=IdempotencyKey.locked_until - keys.LEASE))

    def codes(self) -> list[str]:
        """The transactions that exist."""
        with self.app.app_context():
            return list(db.session.scalars(select(Transaction.transaction_code).order_by(Transaction.id)))

    def ordered(self) -> list[str]:
        """What the gateway was asked for."""
        return self._calls.read_text().split()

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture
def make_shop(committed_app: APIFlask, tmp_path: Path) -> Iterator[Callable[[str], Shop]]:
    made: list[Shop] = []

    def make(currency: str) -> Shop:
        made.append(Shop(committed_app, currency, tmp_path))
        return made[-1]

    yield make
    for shop in made:
        shop.close()


def test_a_gateway_that_is_asked_gets_one_order_wherever_the_process_dies(make_shop: Callable[[str], Shop]) -> None:
    shop = make_shop("USD")
    ends = {}
    whole = shop.ask("whole")

    for point in [*AT_A_COMMIT, "before gateway", "after gateway"]:
        before, key = len(shop.codes()), point.replace(" ", "-")
        crash = shop.ask(key, point)
        shop.end_leases()
        retried = shop.ask(key)
        made = shop.codes()[before:]
        asked = {code for code in shop.ordered() if code in made}
        ends[point] = (crash["exit"], len(made), len(asked), retried["status"], json.loads(retried["body"])["transaction_code"] in made)

    assert (whole["status"], whole["commits"]) == (200, ANSWER), "the points are all commits of the request"
    assert ends == dict.fromkeys(ends, (DEATH, 1, 1, 200, True))
    assert set(shop.ordered()) == set(shop.codes()), "no order at the gateway is without its transaction"


def test_a_gateway_that_needs_no_asking_gets_one_order_wherever_the_process_dies(make_shop: Callable[[str], Shop]) -> None:
    shop = make_shop("VND")
    ends = {}

    for point in AT_A_COMMIT[:4]:
        before, key = len(shop.codes()), point.replace(" ", "-")
        crash = shop.ask(key, point)
        shop.end_leases()
        retried = shop.ask(key)
        ends[point] = (crash["exit"], len(shop.codes()) - before, retried["status"], retried["replayed"])

    # Who dies after the last commit has done everything but answer: the retry is a replay.
    assert ends == {point: (DEATH, 1, 200, point == f"after {ORDER}") for point in AT_A_COMMIT[:4]}
