"""Searching 100,000 jobs: the endpoint beside the bare engine, PostgreSQL beside Elasticsearch, suggestions, and every plan.

    python -m bench.search [--jobs 100000] [--rounds 3] [endpoint] [engines] [suggest] [plans]

The board is loaded at the first run, into a database and an index that are kept. All four parts are measured unless some are named.
"""

import argparse
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from statistics import median
from typing import Any
from urllib.parse import quote

from flask import current_app

from app.core.clock import now
from app.extensions import db
from app.search import choice, pages, suggestions
from app.search.criteria import Filters
from app.search.elastic.client import client
from app.search.elastic.engine import request
from app.search.engine import EngineQuery
from app.search.finding import find
from app.search.query import parse
from bench.payment_system import process, wait_until
from bench.search_board import kept_board, searches, texts
from bench.search_index import quantile
from bench.search_plans import explained, unaided

PORT = 58_417
SERVER = ("granian", "--interface", "wsgi", "--port", str(PORT), "--workers", "1", "--blocking-threads", "16", "--log-level", "error", "wsgi:app")
SLOWEST = 5

Timed = Mapping[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("parts", nargs="*", choices=[[], "endpoint", "engines", "suggest", "plans"])
    options = parser.parse_args()
    parts: dict[str, Callable[[int], None]] = {"endpoint": endpoint, "engines": engines, "suggest": suggest, "plans": plans}
    with kept_board(options.jobs) as app:
        for name in options.parts or parts:
            print(f"\n{name}, {options.jobs} jobs", flush=True)
            parts[name](options.rounds)
            app.extensions.pop("elasticsearch_breaker", None)


def endpoint(rounds: int) -> None:
    """Each judged query by HTTP, then by the bare engine and the page's query, in turns; the first round warms up."""
    parts: dict[str, list[float]] = {name: [] for name in ("endpoint", "engine", "page")}
    with served() as ask:
        for number in range(rounds + 1):
            for text in texts():
                took = {"endpoint": timed(ask, f"/api/v1/jobs/search/?q={quote(text)}")[0], **bare(text)}
                if number:
                    for name, seconds in took.items():
                        parts[name].append(seconds)
    for name, values in parts.items():
        print(f"{name:12} p50 {1000 * median(values):7.1f} ms   p99 {1000 * quantile(values, 0.99):7.1f} ms")
    beside = [engine + page for engine, page in zip(parts["engine"], parts["page"], strict=True)]
    print(f"ratio        {median(parts['endpoint']) / median(beside):7.2f}   (at most 1.5 is asked for)")
    remainder = [whole - other for whole, other in zip(parts["endpoint"], beside, strict=True)]
    print(f"remainder    {1000 * median(remainder):7.1f} ms   (median of the endpoint less the two)")


def bare(text: str) -> Timed:
    """The seconds of the engine's own request as the endpoint makes it first, by the bare client, and of the query for the page's rows."""
    asked = request(EngineQuery(text=parse(text), with_facets=True))
    engine, answer = timed(client().search, **asked)
    ids = [hit["fields"]["job_id"][0] for hit in answer.get("hits", {}).get("hits", [])][:20]
    page, _ = timed(pages.load_public, ids)
    db.session.rollback()
    db.session.expunge_all()
    return {"engine": engine, "page": page}


def engines(rounds: int) -> None:
    """Whole answers of either engine to the same searches, corrections and relaxations included."""
    times: dict[str, list[tuple[float, str]]] = {choice.ELASTIC.name: [], choice.POSTGRES.name: []}
    url = current_app.config["ELASTICSEARCH_URL"]
    for number in range(rounds + 1):
        for text, query in searches():
            for name, address in ((choice.ELASTIC.name, url), (choice.POSTGRES.name, "")):
                current_app.config["ELASTICSEARCH_URL"] = address
                seconds, found = timed(find, text, replace(query, as_of=now()))
                db.session.rollback()
                if found.engine != name:
                    raise SystemExit(f"{found.engine} stood in for {name}.")
                if number:
                    times[name].append((seconds, f"{text} {query.filters if query.filters != Filters() else ''} ({found.hits.total})"))
    current_app.config["ELASTICSEARCH_URL"] = url
    for name, values in times.items():
        seconds = [value for value, _ in values]
        print(f"{name:14} p50 {1000 * median(seconds):7.1f} ms   p99 {1000 * quantile(seconds, 0.99):7.1f} ms   most {1000 * max(seconds):7.1f} ms")
        for value, text in sorted(values, reverse=True)[::rounds][:SLOWEST]:
            print(f"    {1000 * value:7.1f} ms   {text[:110]}")
    postgres, elastic = (quantile([value for value, _ in times[name]], 0.99) for name in (choice.POSTGRES.name, choice.ELASTIC.name))
    print(f"ratio of p99   {postgres / elastic:7.2f}   (below 5 is asked for)")


def suggest(rounds: int) -> None:
    """Every judged query letter by letter, by HTTP."""
    typed = sorted({text[:length] for text in texts() for length in range(1, len(text) + 1)})
    with served() as ask:
        for text in typed[::10]:
            ask(f"/api/v1/jobs/suggest/?q={quote(text)}")
        took = [(timed(ask, f"/api/v1/jobs/suggest/?q={quote(text)}")[0], text) for _ in range(rounds) for text in typed]
    seconds = [value for value, _ in took]
    half, most = median(seconds), quantile(seconds, 0.99)
    print(f"{len(typed)} beginnings   p50 {1000 * half:.1f} ms   p99 {1000 * most:.1f} ms")
    print(f"slowest      {', '.join(text for _, text in sorted(took)[-SLOWEST:])}")
    print(f"ratio        {most / half:7.2f}   (at most 3 is asked for)")


def plans(rounds: int) -> None:
    """The plan of every statement that PostgreSQL's engine, the pages and the suggestions make for the same searches."""
    url, current_app.config["ELASTICSEARCH_URL"] = current_app.config["ELASTICSEARCH_URL"], ""
    blamed: dict[str, list[str]] = {}
    number = 0
    for text, query in searches():
        found: list[tuple[str, Any]] = []
        with explained(found):
            hits = find(text, query).hits
            pages.load_public(hits.ids)
            suggestions.suggest(text)
        db.session.rollback()
        number += len(found)
        for fault in (fault for _, plan in found for fault in set(unaided(plan))):
            blamed.setdefault(fault, []).append(f"{text} {query.filters if query.filters != Filters() else ''}")
    current_app.config["ELASTICSEARCH_URL"] = url
    lying = sum(len(those) for fault, those in blamed.items() if fault.startswith("Seq Scan"))
    print(f"{number} statements of {len(searches())} searches; tables read as they lie: {lying}")
    for fault, those in blamed.items():
        print(f"    {len(those)} times {fault}, as for {those[0]}")


def timed(call: Callable[..., Any], *given: Any, **named: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = call(*given, **named)
    return time.perf_counter() - began, result


@contextmanager
def served() -> Iterator[Callable[[str], bytes]]:
    """Asks the real server, by one kept connection."""
    with process("search-api", *SERVER):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)

        def is_there() -> bool:
            try:
                connection.request("GET", "/api/health/")
                return connection.getresponse().read() is not None
            except OSError:
                connection.close()
                return False

        wait_until(is_there, seconds=60, pause=0.2)

        def ask(path: str) -> bytes:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or b'"degraded":true' in body:
                raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
            return body

        yield ask
        connection.close()


if __name__ == "__main__":
    main()
