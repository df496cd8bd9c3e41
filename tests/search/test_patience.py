"""Elasticsearch is waited for so long for an answer, however many requests that takes; and who answered is counted."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.search import answers, choice
from app.search.breaker import CircuitBreaker
from app.search.choice import StandingIn
from app.search.elastic.engine import ElasticEngine
from app.search.engine import FACETS, EngineQuery, EngineSilent, Hits
from tests.search.board import post, search, titles

NOTHING: dict[str, Any] = {
    "hits": {"total": {"value": 0}, "hits": []},
    "aggregations": {name: {"buckets": []} for name in FACETS},
}
SLOWNESS = 0.4


class SlowNode(ThreadingHTTPServer):
    """Finds nothing, after `SLOWNESS` seconds."""

    requests = 0


class SlowHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlowNode

    def do_POST(self) -> None:
        self.server.requests += 1
        lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
        time.sleep(SLOWNESS)
        found = {"responses": [NOTHING] * (len(lines) // 2)} if "_msearch" in self.path else NOTHING
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # Nobody may be left to answer.
        with suppress(BrokenPipeError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def slow_node(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNode]:
    """It stands at Elasticsearch's address; there is one job, of which only PostgreSQL knows."""
    post("Thợ hàn")
    node = SlowNode(("127.0.0.1", 0), SlowHandler)
    thread = threading.Thread(target=node.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", f"http://127.0.0.1:{node.server_port}")
    monkeypatch.setitem(app.extensions, "elasticsearch_breaker", CircuitBreaker(first_pause=3600, longest_pause=3600))
    yield node
    node.shutdown()
    thread.join()
    node.server_close()


@pytest.fixture(autouse=True)
def fresh_tally(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "search_answers", answers.Tally())


def test_a_slow_node_is_not_waited_for_again_and_again(
    app: APIFlask, client: FlaskClient, slow_node: SlowNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "ELASTICSEARCH_TIMEOUT_MS", int(2500 * SLOWNESS))

    # As typed, with a prefix, corrected: the index knows none of it, so that each is asked for, and more.
    found = search(client, q="thợ hàm")

    assert (titles(found), found["engine"], found["degraded"]) == (["Thợ hàn"], "postgresql", True)
    assert 1 <= slow_node.requests <= 3
    assert choice.breaker().is_closed


class Engine(ElasticEngine):
    """Takes its time, by a clock of its own, and remembers how much it was given."""

    given: list[float]
    clock = 0.0

    def __init__(self, takes: float, given: list[float] | None = None) -> None:
        self.takes, self.given = takes, [] if given is None else given

    def within(self, patience: float) -> "Engine":
        self.given.append(round(patience, 3))
        return self

    def search(self, query: EngineQuery) -> Hits:
        left = self.given[-1]
        Engine.clock += min(self.takes, left)
        if self.takes >= left:
            raise EngineSilent
        return Hits([7], 1)


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch) -> CircuitBreaker:
    monkeypatch.setattr(choice.time, "monotonic", lambda: Engine.clock)
    return CircuitBreaker(first_pause=3600, longest_pause=3600)


def test_each_request_is_given_what_those_before_have_left(app: APIFlask, breaker: CircuitBreaker) -> None:
    slow = Engine(takes=0.1)
    answer = StandingIn(slow, breaker, 0.25)

    found = [answer.search(EngineQuery()).total for _ in range(2)]
    names = [answer.name]
    found += [answer.search(EngineQuery()).total for _ in range(2)]

    assert slow.given == [0.25, 0.15, 0.05]
    assert found == [1, 1, 0, 0]
    assert [*names, answer.name] == ["elasticsearch", "postgresql"]
    assert answer.is_degraded
    assert breaker.is_closed


def test_only_who_had_all_the_time_is_said_to_be_away(app: APIFlask, breaker: CircuitBreaker) -> None:
    StandingIn(Engine(takes=1), breaker, 0.25).search(EngineQuery())

    assert not breaker.is_closed


def test_answers_are_counted_by_engine(app: APIFlask, client: FlaskClient, slow_node: SlowNode, monkeypatch: pytest.MonkeyPatch) -> None:
    search(client, q="hàn")
    search(client, q="thợ hàm")
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", "")
    search(client, q="hàn")
    search(client, q="")

    told = client.get("/metrics").text

    lines = sorted(line for line in told.splitlines() if line.startswith("jobboard_search_answers_total"))
    assert [(line.split("process=")[0], line.rsplit(" ", 1)[1]) for line in lines] == [
        ('jobboard_search_answers_total{degraded="false",engine="postgresql",', "2.0"),
        ('jobboard_search_answers_total{degraded="true",engine="postgresql",', "2.0"),
    ]
