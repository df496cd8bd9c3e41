"""Pages, posts and unread counts at ten million messages and notifications beside those at one million, in turns.

    python -m bench.messages [--keep]

Two databases are made by `flask demo load` on the server of DATABASE_URL, unless an earlier run kept them, and dropped at the end. Each
figure is the median of whole requests, and of the query alone, over people and conversations drawn by chance; the two sizes take turns
call by call, so that whatever else the machine does falls on both.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.accounts import sessions
from app.accounts.models import User
from app.core.time_ids import LARGEST
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.messaging import service as chats
from app.notifications import service as notifications
from bench.payment_system import named
from config import load_settings

SIZES = (1_000_000, 10_000_000)
SAMPLES, WARM_UP = 400, 60
ROOT = Path(__file__).resolve().parents[1]
API = "/api/v1"


@dataclass(frozen=True)
class Visit:
    """Somebody with a conversation, and the token to look at it."""

    user_id: int
    chat_id: int
    token: str


Call = Callable[["Board", Visit], object]


class Board:
    """One loaded database behind an application of its own."""

    def __init__(self, rows: int) -> None:
        self.url = named(os.environ["DATABASE_URL"], f"bench_messages_{rows}")
        self._load(rows)
        self.app: Flask = create_app(load_settings(database_url=self.url, message_send_rate="", default_rate="", log_level="ERROR"))
        self.client: FlaskClient = self.app.test_client(use_cookies=False)
        self.visits = self._draw()

    def _load(self, rows: int) -> None:
        name = self.url.rsplit("/", 1)[1]
        with psycopg.connect(named(self.url, "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return
            connection.execute(f'CREATE DATABASE "{name}"')
        flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
        environment = {**os.environ, "DATABASE_URL": self.url}
        subprocess.run([*flask, "db", "upgrade"], cwd=ROOT, env=environment, check=True)
        started = time.monotonic()
        subprocess.run([*flask, "demo", "load", "--messages", str(rows), "--notifications", str(rows)], cwd=ROOT, env=environment, check=True)
        print(f"{rows:,} messages and as many notifications loaded in {time.monotonic() - started:.0f} s")

    def _draw(self) -> list[Visit]:
        """People and conversations of the last month, which is what people look at."""
        query = text("SELECT user_id, conversation_id FROM conversation_participants WHERE last_message_id > :recent ORDER BY random() LIMIT :some")
        with self.app.app_context(), unit_of_work():
            newest = db.session.execute(text("SELECT max(last_message_id) FROM conversations")).scalar_one()
            rows = db.session.execute(query, {"recent": newest - (30 * 86_400_000 << 12), "some": SAMPLES + WARM_UP}).all()
            users = [db.session.get_one(User, row.user_id) for row in rows]
            return [Visit(row.user_id, row.conversation_id, sessions.open_session(user).access) for row, user in zip(rows, users, strict=True)]

    def drop(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        with psycopg.connect(named(self.url, "postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{self.url.rsplit("/", 1)[1]}" WITH (FORCE)')


def request(method: str, path: str, body: dict[str, str] | None = None) -> Call:
    """A whole request, from the route to the bytes of the answer."""

    def call(board: Board, visit: Visit) -> None:
        answer = board.client.open(
            API + path.format(chat=visit.chat_id), method=method, json=body, headers={"Authorization": f"Bearer {visit.token}"}, buffered=True
        )
        if answer.status_code not in {200, 201}:
            raise AssertionError(answer.text)

    return call


def first_page_query(board: Board, visit: Visit) -> None:
    chats.list_messages(chats.get_conversation(visit.user_id, visit.chat_id), before_id=LARGEST, limit=20, offset=0)


def notifications_query(board: Board, visit: Visit) -> None:
    notifications.list_notifications(visit.user_id, before_id=LARGEST, limit=20, offset=0, unread_only=False)


def unread_query(board: Board, visit: Visit) -> None:
    chats.count_unread(visit.user_id)
    notifications.get_inbox(visit.user_id)


CALLS: dict[str, Call] = {
    "first page of a conversation": request("GET", "/chats/conversations/{chat}/messages/"),
    "  its queries alone": first_page_query,
    "first page of notifications": request("GET", "/notifications/"),
    "  its query alone": notifications_query,
    "unread messages": request("GET", "/chats/unread-count/"),
    "unread notifications": request("GET", "/notifications/unread-count/"),
    "  both counts alone": unread_query,
    "posting a message": request("POST", "/chats/conversations/{chat}/messages/", {"message": "Em xác nhận tham gia đúng giờ ạ."}),
}


def measure(boards: list[Board], call: Call) -> list[float]:
    """The median milliseconds of a call on each board, in turns."""
    taken: list[list[float]] = [[] for _ in boards]
    for number in range(WARM_UP + SAMPLES):
        for place, board in random.sample(list(enumerate(boards)), len(boards)):
            with board.app.app_context():
                started = time.perf_counter()
                call(board, board.visits[number])
                ended = time.perf_counter()
                db.session.rollback()
            if number >= WARM_UP:
                taken[place].append((ended - started) * 1000)
    return [statistics.median(each) for each in taken]


@contextmanager
def boards_of(sizes: tuple[int, ...], *, keep: bool) -> Iterator[list[Board]]:
    boards = [Board(size) for size in sizes]
    try:
        yield boards
    finally:
        for board in boards:
            if not keep:
                board.drop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="keep the databases for the next run")
    with boards_of(SIZES, keep=parser.parse_args().keep) as boards:
        print(f"{'median ms':<32}{SIZES[0]:>12,}{SIZES[1]:>12,}   ratio (at most 1.2 is asked for)")
        for name, call in CALLS.items():
            small, large = measure(boards, call)
            print(f"{name:<32}{small:>12.2f}{large:>12.2f}   {large / small:.2f}", flush=True)


if __name__ == "__main__":
    main()
