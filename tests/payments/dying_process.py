"""A process that serves one request per child and dies in it, at a chosen commit or call of the gateway.

`python -m tests.payments.dying_process TOKEN PACKAGE_ID CALLS_FILE` reads lines `KEY POINT` and answers each with a line of JSON: the
child's exit code, and what it was answered if it lived. POINT is `before N` or `after N` (the child's Nth commit), `before gateway`,
`after gateway`, or `never`. A child dies by `os._exit`: no handler, no rollback, no closing of sockets.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.payments.models import Provider
from app.payments.providers.base import Checkout, Order
from config import load_settings

DEATH = 99


class Points:
    """Counts what happens in a child, and ends it at its point."""

    def __init__(self, point: str) -> None:
        self._point = point
        self.commits = 0

    def pass_by(self, point: str) -> None:
        if point == self._point:
            os._exit(DEATH)


class RecordingGateway:
    """A gateway that must be asked; it writes down every order it is asked about, and always gives an order the same page."""

    provider = Provider.STRIPE
    calls_out = True

    def __init__(self, points: Points, calls: Path) -> None:
        self._points = points
        self._calls = calls

    def create(self, order: Order) -> Checkout:
        self._points.pass_by("before gateway")
        with self._calls.open("a") as file:
            file.write(f"{order.code}\n")
        self._points.pass_by("after gateway")
        return Checkout(f"https://gateway.example/{order.code}", f"ref-{order.code}")


def watch_commits(points: Points) -> None:
    """Make every commit of this process two points."""
    commit = Session.commit

    def counted(session: Session) -> None:
        points.commits += 1
        points.pass_by(f"before {points.commits}")
        commit(session)
        points.pass_by(f"after {points.commits}")

    Session.commit = counted  # type: ignore[method-assign]


def serve_once(app: Flask, token: str, package_id: int, key: str, point: str, calls: Path) -> dict[str, Any]:
    """One request for a payment under `key`; returns only if the child survives it."""
    points = Points(point)
    watch_commits(points)
    app.extensions["payment_gateways"] = {Provider.STRIPE: RecordingGateway(points, calls)}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    client = app.test_client(use_cookies=False)
    answer = client.post("/api/v1/payments/create_payment/", json={"package_id": package_id}, headers=headers)
    return {"status": answer.status_code, "body": answer.text, "replayed": "Idempotent-Replayed" in answer.headers, "commits": points.commits}


def main(token: str, package_id: int, calls: Path) -> None:
    app = create_app(load_settings())
    for line in sys.stdin:
        key, _, point = line.strip().partition(" ")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, json.dumps(serve_once(app, token, package_id, key, point, calls)).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"exit": code, **(json.loads(answer) if answer else {})}), flush=True)  # noqa: T201  The line protocol.


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
