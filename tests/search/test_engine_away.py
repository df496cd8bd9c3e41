"""Elasticsearch that refuses, hangs, is busy, is red or knows another password: PostgreSQL answers, and says so."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.search import choice, warming
from app.search.breaker import CircuitBreaker
from app.search.elastic import client as elastic
from app.search.elastic import indices
from app.search.elastic.mapping import MAPPINGS, SETTINGS
from app.search.warming import warm_up
from tests.needs import needs_elasticsearch
from tests.search.board import post, search, titles


class Node:
    """What stands at Elasticsearch's address: answers every request with one status, or not at all."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.requests = 0
        self.gone = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address."""
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                node.requests += 1
                if node.status is None:
                    node.gone.wait(30)
                    return
                self.send_response(node.status)
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is printed."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            self.gone.set()
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(autouse=True)
def fresh_breaker(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> CircuitBreaker:
    made = CircuitBreaker(first_pause=3600, longest_pause=3600)
    monkeypatch.setitem(app.extensions, "elasticsearch_breaker", made)
    return made


def answer(client: FlaskClient, **parameters: str) -> tuple[list[str], str, bool]:
    found = search(client, **parameters)
    return titles(found), found["engine"], found["degraded"]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503], ids=str)
def test_an_error_is_answered_by_postgresql_after_one_request(
    app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    post("Thợ hàn")
    node = Node(status)

    with node.serving() as url:
        monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", url)
        answers = [answer(client, q="thợ hàn"), answer(client, q="tho han")]

    assert answers == [(["Thợ hàn"], "postgresql", True)] * 2
    assert node.requests == 1


def test_a_query_that_is_refused_is_answered_by_postgresql_and_the_next_one_is_asked_again(
    app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fresh_breaker: CircuitBreaker
) -> None:
    post("Thợ hàn")
    node = Node(400)

    with node.serving() as url:
        monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", url)
        answers = [answer(client, q="thợ hàn"), answer(client, q="tho han")]

    assert answers == [(["Thợ hàn"], "postgresql", True)] * 2
    assert node.requests == 2
    assert fresh_breaker.is_closed


def test_a_silent_node_is_waited_for_once_and_not_long(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    post("Thợ hàn")
    usual = time.perf_counter()
    answer(client, q="thợ hàm")
    usual = time.perf_counter() - usual
    node = Node(None)

    with node.serving() as url:
        monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", url)
        began = time.perf_counter()
        # A slip, so that the search makes several attempts.
        found = answer(client, q="thợ hàm")
        took = time.perf_counter() - began
        again = answer(client, q="thợ hàn")

    assert found == (["Thợ hàn"], "postgresql", True)
    assert again == found
    assert node.requests == 1
    assert took - usual < 5 * app.config["ELASTICSEARCH_TIMEOUT_MS"] / 1000


def test_a_node_that_is_late_once_is_asked_again(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = CircuitBreaker(first_pause=3600, longest_pause=3600, patience=2)
    monkeypatch.setitem(app.extensions, "elasticsearch_breaker", patient)
    monkeypatch.setitem(app.config, "ELASTICSEARCH_TIMEOUT_MS", 50)
    post("Thợ hàn")
    node = Node(None)

    with node.serving() as url:
        monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", url)
        answers = [answer(client, q="thợ hàn") for _ in range(3)]

    assert answers == [(["Thợ hàn"], "postgresql", True)] * 3
    assert node.requests == 2


def test_a_refused_connection_is_answered_by_postgresql(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    post("Thợ hàn")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")

        assert answer(client, q="hàn") == (["Thợ hàn"], "postgresql", True)


def test_recommendations_and_lists_need_no_elasticsearch(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    post("Thợ hàn")
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", "http://127.0.0.1:9")

    assert client.get("/api/v1/jobs/?q=hàn").json["count"] == 1
    assert client.get("/api/v1/jobs/").json["count"] == 1


def test_readiness_says_that_postgresql_answers(app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", "http://127.0.0.1:9")

    told = client.get("/api/health/ready/").json

    assert told["backends"]["search"]["status"] == "away"
    assert "PostgreSQL" in told["backends"]["search"]["detail"]


@needs_elasticsearch
def test_the_node_answers_again_after_the_pause(client: FlaskClient, elastic_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    post("Thợ hàn")
    quick = CircuitBreaker(first_pause=0, longest_pause=0)
    monkeypatch.setitem(elastic_app.extensions, "elasticsearch_breaker", quick)
    with Node(503).serving() as url, monkeypatch.context() as away:
        away.setitem(elastic_app.config, "ELASTICSEARCH_URL", url)
        before = answer(client, q="hàn")

    assert before == (["Thợ hàn"], "postgresql", True)
    assert answer(client, q="hàn") == (["Thợ hàn"], "elasticsearch", False)
    assert quick.is_closed


@needs_elasticsearch
def test_without_an_index_postgresql_answers_until_one_is_made(client: FlaskClient, elastic_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(elastic_app.extensions, "elasticsearch_breaker", CircuitBreaker(first_pause=0, longest_pause=0))
    post("Thợ hàn")
    indices.drop(indices.targets())

    missing = answer(client, q="hàn")
    indices.prepare()

    assert missing == (["Thợ hàn"], "postgresql", True)
    assert answer(client, q="hàn") == ([], "elasticsearch", False)
    assert choice.breaker().is_closed


@needs_elasticsearch
def test_a_red_index_is_answered_for_by_postgresql_and_readiness_says_so(
    client: FlaskClient, elastic_app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(elastic_app.extensions, "elasticsearch_breaker", CircuitBreaker(first_pause=0, longest_pause=0))
    post("Thợ hàn")
    healthy = client.get("/api/health/ready/").json["backends"]["search"]["status"]
    (name,) = indices.targets()
    indices.drop([name])
    # No node has this name, so the index's only shard has no place to be.
    settings = {"index": {**SETTINGS, "routing.allocation.require._name": "nowhere"}}
    aliases = {indices.family(): {}, indices.writing_alias(): {}}
    elastic.client().indices.create(index=name, settings=settings, mappings=MAPPINGS, aliases=aliases, wait_for_active_shards=0)

    found = answer(client, q="hàn")
    told = client.get("/api/health/ready/").json["backends"]["search"]

    assert (healthy, told["status"]) == ("ok", "away")
    assert "red" in told["detail"]
    assert found == (["Thợ hàn"], "postgresql", True)


@needs_elasticsearch
def test_a_node_is_warmed_up_by_searches_of_each_kind(elastic_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "_SECONDS", 600)

    assert warm_up() == 50


def test_a_node_that_is_away_stays_cold(app: APIFlask, monkeypatch: pytest.MonkeyPatch, fresh_breaker: CircuitBreaker) -> None:
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", "http://127.0.0.1:9")

    assert warm_up() == 0
    assert fresh_breaker.is_closed
