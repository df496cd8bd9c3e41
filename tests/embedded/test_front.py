"""One origin: the proxy sends streams to the stream process and everything else to the API, and says who really asks."""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from embedded.app_programs import Addresses, app_programs
from embedded.front import front_programs
from embedded.ports import find_free_port
from embedded.programs import Program
from streams.application import PATHS

ROOT = Path(__file__).resolve().parents[2]
CADDYFILE = ROOT / "deploy" / "Caddyfile"


@dataclass
class Upstream:
    """Stands in for the API or the stream process: says its name and what it was told; a stream goes on when `more` is set."""

    name: str
    more: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Its port, while it serves."""
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                told = {name.lower(): value for name, value in self.headers.items()}
                self.wfile.write(json.dumps({"by": upstream.name, "headers": told}).encode() + b"\n")
                self.wfile.flush()
                upstream.more.wait(10)
                self.wfile.write(b"more\n")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield server.server_port
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def running(program: Program, url: str) -> Iterator[None]:
    """The program, once something answers at `url`."""
    process = subprocess.Popen(program.command, cwd=program.directory, env={**os.environ, **program.environment}, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < deadline, "the proxy does not answer"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def front(api_port: int, streams_port: int, *, proxies_before: int = 0) -> Iterator[str]:
    """The address of a running proxy."""
    addresses = Addresses("127.0.0.1", find_free_port(), 5555, api_port=api_port, streams_port=streams_port)
    proxy = front_programs(ROOT, addresses, proxies_before=proxies_before)[0]
    with running(proxy, f"{addresses.api}/api/health/"):
        yield addresses.api


def told(url: str, **headers: str) -> tuple[str, dict[str, str]]:
    """Who answered, and the headers that it got."""
    answer = json.loads(httpx.get(url, headers=headers, trust_env=False).text.splitlines()[0])
    return answer["by"], answer["headers"]


@pytest.fixture
def upstreams() -> Iterator[tuple[Upstream, int, Upstream, int]]:
    api, streams = Upstream("api"), Upstream("streams")
    api.more.set()
    with api.serving() as api_port, streams.serving() as streams_port:
        yield api, api_port, streams, streams_port
        streams.more.set()


def test_streams_and_everything_else_go_to_their_own_process(upstreams: tuple[Upstream, int, Upstream, int]) -> None:
    _, api_port, streams, streams_port = upstreams
    streams.more.set()

    with front(api_port, streams_port) as url:
        by = {path: told(f"{url}{path}?a=b")[0] for path in [*PATHS, *(f"{path}/" for path in PATHS), "/api/v1/events/token/", "/api/v1/jobs/", "/"]}

    assert {path for path, name in by.items() if name == "streams"} == {*PATHS, *(f"{path}/" for path in PATHS)}
    assert len(by) == 7


def test_an_event_goes_through_at_once(upstreams: tuple[Upstream, int, Upstream, int]) -> None:
    _, api_port, streams, streams_port = upstreams

    with front(api_port, streams_port) as url, httpx.stream("GET", f"{url}/api/v1/events/stream", timeout=8, trust_env=False) as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines))
        streams.more.set()
        second = next(lines)

    assert (first["by"], second) == ("streams", "more")


@pytest.mark.parametrize(("proxies_before", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9, 127.0.0.1")])
def test_an_address_that_a_client_makes_up_is_not_believed(upstreams: tuple[Upstream, int, Upstream, int], proxies_before: int, address: str) -> None:
    _, api_port, _, streams_port = upstreams

    with front(api_port, streams_port, proxies_before=proxies_before) as url:
        _, headers = told(f"{url}/api/v1/jobs/", **{"X-Forwarded-For": "203.0.113.9"})

    assert headers["x-forwarded-for"] == address
    assert headers["x-forwarded-proto"] == "http"


def test_the_api_is_not_told_that_a_client_waits_for_its_word(upstreams: tuple[Upstream, int, Upstream, int]) -> None:
    _, api_port, _, streams_port = upstreams

    with front(api_port, streams_port) as url:
        _, headers = told(f"{url}/api/v1/jobs/", Expect="100-continue")

    assert "expect" not in headers


def test_a_part_that_is_away_is_a_problem_document(upstreams: tuple[Upstream, int, Upstream, int]) -> None:
    _, api_port, _, _ = upstreams

    with front(api_port, find_free_port()) as url:
        answer = httpx.get(f"{url}/api/v1/events/stream", trust_env=False)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() | {"request_id": None} == {
        "type": "urn:problem:unavailable",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "This part of the service is away or just starting.",
        "code": "unavailable",
        "request_id": None,
    }


@pytest.mark.parametrize(("letters", "status"), [(6_000, 200), (10_000, 400), (25_000, 400)])
def test_an_endless_address_is_a_problem_document(upstreams: tuple[Upstream, int, Upstream, int], letters: int, status: int) -> None:
    _, api_port, _, streams_port = upstreams

    with front(api_port, streams_port) as url:
        # Nine bytes a letter; httpx itself refuses such an address.
        connection = HTTPConnection(url.removeprefix("http://"))
        connection.request("GET", f"/api/v1/jobs/search/?q={quote('日' * letters)}")
        answer = connection.getresponse()
        kind, body = answer.headers["Content-Type"], answer.read()
        connection.close()

    assert answer.status == status
    if status == 400:
        assert kind == "application/problem+json"
        assert json.loads(body) | {"request_id": None} == {
            "type": "urn:problem:invalid",
            "title": "Bad Request",
            "status": 400,
            "detail": "The address is too long.",
            "code": "invalid",
            "errors": {},
            "request_id": None,
        }


def test_the_api_counts_the_proxy_that_stands_in_front_of_it() -> None:
    inside = Addresses("127.0.0.1", 8000, 5555, api_port=15001, streams_port=15002)

    hops = [app_programs(ROOT, ROOT / "var", inside, found)[0].environment["TRUSTED_PROXIES"] for found in ({}, {"TRUSTED_PROXIES": "2"})]

    assert hops == ["1", "3"]


def test_the_compose_file_runs_the_same_proxy() -> None:
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")

    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in compose
    assert "python -m streams --host 0.0.0.0 --port 8010" in compose
    defaults = dict(re.findall(r"\{\$([A-Z_]+):([^}]+)\}", CADDYFILE.read_text("utf-8")))
    assert (defaults["API_ADDRESS"], defaults["STREAMS_ADDRESS"]) == ("api:8000", "streams:8010")
