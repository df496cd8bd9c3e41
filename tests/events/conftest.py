"""A running stream application, and a reader of Server-Sent Events."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from apiflask import APIFlask

from app import create_app
from app.accounts import sessions
from app.core.forwarding import Forwarder
from app.core.unit_of_work import unit_of_work
from app.events.pending import Event
from app.events.service import announce
from app.extensions import db
from embedded.ports import find_free_port
from streams.limits import Limits
from tests import factories
from tests.conftest import cloned, settings_for
from tests.events.process import StreamProcess
from tests.factories import CandidateFactory

PATH = "/api/v1/events/stream"
QUICK = Limits(heartbeat=0.3, recheck=0.3, slow_send=1.0, look_alone=0.2, relay_silence=2.5, farewell=2.0, per_person=3, events_at_a_time=5)


@dataclass(frozen=True)
class Frame:
    """One event as a page gets it; `id` is the last id seen so far."""

    name: str
    data: Any
    id: str


class Reader:
    """Reads frames from an open answer; waits until one comes."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.comments = 0
        self.retry = 0
        self._lines = answer.iter_lines()
        self._id = ""

    def next(self) -> Frame:
        """The next event. Raises StopIteration at the end of the stream; comments alone are not waited for beyond twenty seconds."""
        name, data = "", ""
        deadline = time.monotonic() + 20
        for line in self._lines:
            assert time.monotonic() < deadline, "no event came"
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line and name:
                return Frame(name, json.loads(data), self._id)
            self.comments += line.startswith(":")
            if field == "id":
                self._id = value
            elif field == "retry":
                self.retry = int(value)
            elif field == "event":
                name = value
            elif field == "data":
                data = value
        raise StopIteration


@dataclass(frozen=True)
class Board:
    """The application on a database of its own, and a stream process beside it."""

    app: APIFlask
    streams: StreamProcess

    def person(self) -> tuple[int, str]:
        """A new person's id and access token."""
        with self.app.app_context(), unit_of_work():
            user = CandidateFactory()
            return user.id, sessions.open_session(user).access

    def tell(self, *people: int, name: str = "event", **data: Any) -> None:
        """Announce one event to each."""
        with self.app.app_context(), unit_of_work():
            announce(Event(person, name, data) for person in people)

    @contextmanager
    def open(self, access: str = "", *, path: str = PATH, **headers: str) -> Iterator[Reader]:
        """A stream, as a page with that access token opens it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Authorization": f"Bearer {access}"} if access else {})
        with httpx.stream("GET", f"{self.streams.url}{path}", headers=sent, timeout=10, trust_env=False) as answer:
            yield Reader(answer)

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        """A plain answer of the stream process."""
        return httpx.request(arguments.pop("method", "GET"), f"{self.streams.url}{path}", timeout=10, trust_env=False, **arguments)

    def eventually(self, look: Callable[[], bool], what: str) -> None:
        """Wait until `look()` is true."""
        deadline = time.monotonic() + 10
        while not look():
            assert time.monotonic() < deadline, f"{what} did not happen"
            time.sleep(0.02)

    def metric(self, name: str) -> float:
        """A figure of the stream process, 0 while there is none."""
        lines = [line.rpartition(" ") for line in self.get("/metrics").text.splitlines()]
        return next((float(value) for found, _, value in lines if found == name), 0.0)


@pytest.fixture(scope="module")
def shared_board(template_database: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board without a relay, on which events come by looking."""
    with cloned(template_database, "streams") as url:
        settings = settings_for(url, worker_number, tmp_path_factory.mktemp("streams"))
        made = create_app(settings)
        with StreamProcess.running(settings, QUICK, find_free_port()) as process:
            yield Board(made, process)
        with made.app_context():
            db.engine.dispose()


@pytest.fixture
def board(shared_board: Board) -> Board:
    """The module's board: its people are new for each test."""
    factories.use(db.session)
    return shared_board


@pytest.fixture
def fed_board(committed_app: APIFlask) -> Iterator[Board]:
    """A board with a relay, on which nobody is looked at without a wake-up."""
    settings = committed_app.extensions["settings"]
    stopping = threading.Event()
    forwarding = threading.Thread(target=Forwarder(settings.database_url, settings.redis_url, stopping).run)
    forwarding.start()
    patient = replace(QUICK, look_alone=600.0, look_with_relay=600.0)
    try:
        with StreamProcess.running(settings, patient, find_free_port()) as process:
            found = Board(committed_app, process)
            found.eventually(lambda: found.get("/ready/").json()["relay"] == "ok", "hearing the relay")
            yield found
    finally:
        stopping.set()
        forwarding.join()
