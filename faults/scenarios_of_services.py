"""Scenarios about what others run for us: the search engine and the bank."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from app.core.broker import make_celery
from config import load_settings
from embedded.messages import StartError
from embedded.ports import LOOPBACK
from faults.clients import API, NoAnswer, ask
from faults.history import Kind, Operation, Outcome
from faults.load import EDITS
from faults.orders import CALLERS, END_STATES, UNSETTLED, order_many, together
from faults.scenario import scenario, scenario_of_engine
from faults.stage import Stage

_OF_ENGINE = ("--engine", "elasticsearch")
_ROUNDS = 30
# As many looks in a row that show nothing new end a round.
_RESTS = 15
_BETWEEN_SEARCHES = 0.2


@scenario_of_engine
def engine_stopped(stage: Stage) -> None:
    """Elasticsearch stopped for two minutes of writes, later rebuilt over and over during writes: every search is answered and finds what is
    there, and the index follows by itself after the one and after the other."""
    engine = stage.board.servers["elasticsearch"]
    with _searching(stage) as answers:
        with stage.load(seconds=140, mix=EDITS, share=0.6) as load:
            # The jobs that were there before have left no task.
            stage.board.flask("search", "rebuild", *_OF_ENGINE)
            load.wait_until(10)
            stopped = time.time()
            engine.end()
            stage.strikes += 1
            load.wait_until(130)
            stage.board.heal()
            back = time.time()
        stage.wait_for("an end of all indexing", lambda: not stage.sql(_UNINDEXED), 180)
        _expect_no_drift(stage, "after the node had been away")
        at = stage.clock()
        with stage.load(seconds=50, mix=EDITS, share=0.4) as load:
            while load.seconds < 50:
                stage.board.flask("search", "rebuild", *_OF_ENGINE)
                stage.strikes += 1
        stage.wait_for("an end of all indexing", lambda: not stage.sql(_UNINDEXED), 180)
        _expect_no_drift(stage, "after the rebuilds")
    if wrong := [said for _, said, count in answers if count < 1]:
        stage.failures.append(f"{len(wrong)} of {len(answers)} searches found nothing or were not answered: {dict(Counter(wrong))}")
    meanwhile = Counter(said for begun, said, _ in answers if stopped < begun < back)
    afterwards = Counter(said for begun, said, _ in answers if begun > back)
    if not afterwards["elasticsearch"] or not meanwhile["postgresql"]:
        stage.failures.append("no search was answered by PostgreSQL while Elasticsearch was away, or none by it afterwards")
    [(changes, lag)] = stage.sql(_LAG, at=at)
    stage.remarks.append(
        f"searches while it was away for {back - stopped:.0f} s: {dict(meanwhile)}, afterwards {dict(afterwards)}; {len(wrong)} found nothing; "
        f"{stage.strikes - 1} rebuilds; p99 of the way into the index beside them {lag or 0:.1f} s, of {changes} changes"
    )


def _expect_no_drift(stage: Stage, when: str) -> None:
    try:
        stage.board.flask("search", "check", *_OF_ENGINE)
    except StartError as error:
        stage.failures.append(f"{when}, {error}")


@scenario
def gateway_silent(stage: Stage) -> None:
    """The bank takes the money and its answer is lost: nobody is told, of every hundredth order the first query's answer is lost too, and a
    third of the buyers pay again. All are found by asking, and each is paid once."""
    orders = [answer for some in together([partial(order_many, stage, client) for client in stage.clients(CALLERS)]) for answer in some]
    ids = [answer.json["transaction_id"] for answer in orders]
    pages = [answer.json["payment_url"] for answer in orders]
    wishes = [{"outcome": "timeout", "api": "answers" if number % 100 else "timeout"} for number in range(len(pages))]
    stage.strikes += _pay_all(stage, list(zip(pages, wishes, strict=True)), expected=504)
    for answer in orders:
        stage.history.add(Operation(Kind.PURCHASE, answer.json["transaction_code"], Outcome.OK, {"transaction_id": answer.json["transaction_id"]}))
    if known := stage.sql(_KNOWN, ids=ids):
        stage.failures.append(f"{len(known)} payments were known before anybody asked")
    # As if 15 minutes had passed.
    stage.sql("UPDATE transactions SET created_at = created_at - interval '15 minutes' WHERE id = ANY(%(ids)s)", ids=ids)
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(_pay_all, stage, [(page, {"outcome": "pay", "notify": "duplicate"}) for page in pages[::3]], expected=303)
        rounds = _ask_until_known(stage, ids)
        again.result()
    stage.wait_for("an end of all settlements", lambda: not stage.sql(UNSETTLED), 120)
    pending = len(stage.sql(_PENDING, ids=ids))
    if pending:
        stage.failures.append(f"{pending} payments are unknown after {rounds} rounds")
    states = stage.sql(END_STATES, ids=ids)
    if len(states) != 1:
        stage.failures.append(f"distinct end states: {states}")
    [(queried, told)] = stage.sql(_SOURCES, ids=ids)
    stage.remarks.append(
        f"{stage.strikes} orders paid in silence, {len(pages[::3])} of them paid again meanwhile; "
        f"{queried} answers of queries and {told} calls came in; {pending} unknown after {rounds} rounds; {len(states)} end state"
    )


def _ask_until_known(stage: Stage, ids: Sequence[int]) -> int:
    """Start the rounds that beat starts every five minutes, one after the other without the pause; how many it took."""
    celery = make_celery(load_settings())
    for number in range(1, _ROUNDS + 1):
        stage.sql("UPDATE transactions SET queried_at = queried_at - interval '5 minutes' WHERE id = ANY(%(ids)s)", ids=ids)
        asked = stage.clock()
        celery.send_task("gateway.reconcile", queue="default")
        # A round ends with the first silence, or when nobody is left to be asked for.
        numbers: list[object] = []
        stage.wait_for("a round of questions", partial(_is_over, stage, ids, asked, numbers), 900)
        if not stage.sql(_PENDING, ids=ids):
            return number
    return _ROUNDS


def _is_over(stage: Stage, ids: Sequence[int], asked: datetime, numbers: list[object]) -> bool:
    [(number,)] = stage.sql("SELECT count(*) FROM transactions WHERE id = ANY(%(ids)s) AND queried_at >= %(asked)s", ids=ids, asked=asked)
    numbers.append(number)
    return not stage.sql(_PENDING, ids=ids) or (number != 0 and numbers[-_RESTS:] == [number] * _RESTS)


def _pay_all(stage: Stage, wishes: Sequence[tuple[str, dict[str, str]]], expected: int) -> int:
    """Let buyers choose at the bank's pages, many at a time; how many, each of them answered as expected."""
    found = together([partial(_pay_each, stage, wishes[number::CALLERS]) for number in range(CALLERS)])
    statuses = Counter(status for some in found for status in some)
    if statuses.keys() != {expected}:
        stage.failures.append(f"the bank's page answered {dict(statuses)}")
    return statuses[expected]


def _pay_each(stage: Stage, wishes: Sequence[tuple[str, dict[str, str]]]) -> list[int]:
    return [_choose(stage.board.port, page, wish) for page, wish in wishes]


def _choose(port: int, page: str, wish: dict[str, str]) -> int:
    parts = urlsplit(page)
    connection = HTTPConnection(LOOPBACK, port, timeout=60)
    try:
        connection.request("POST", f"{parts.path}?{parts.query}", urlencode(wish), {"Content-Type": "application/x-www-form-urlencoded"})
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def _searching(stage: Stage) -> Iterator[list[tuple[float, str, int]]]:
    """Somebody searches for one job all the time; yields when each search was made, who answered, and how many jobs were found."""
    [client] = stage.clients(1)
    ask(stage.board.port, "PATCH", f"{API}/jobs/{client.pair.job_id}/", by=client.pair.recruiter, body={"title": _TITLE})
    stage.wait_for("a job in the index", lambda: _look(stage)[2] > 0, 60)
    answers: list[tuple[float, str, int]] = []
    ended = threading.Event()

    def search() -> None:
        while not ended.wait(_BETWEEN_SEARCHES):
            answers.append(_look(stage))

    searcher = threading.Thread(target=search, daemon=True)
    searcher.start()
    try:
        yield answers
    finally:
        ended.set()
        searcher.join()


def _look(stage: Stage) -> tuple[float, str, int]:
    begun = time.time()
    try:
        answer = ask(stage.board.port, "GET", f"{API}/jobs/search/?{urlencode({'q': _TITLE})}")
    except NoAnswer:
        return begun, "nobody", 0
    if answer.status != 200:
        return begun, f"status {answer.status}", 0
    return begun, answer.json["engine"], answer.json["count"]


_TITLE = "Lighthouse keeper"
_PENDING = "SELECT id FROM transactions WHERE id = ANY(%(ids)s) AND status = 'PENDING'"
_KNOWN = "SELECT id FROM transactions WHERE id = ANY(%(ids)s) AND status <> 'PENDING'"
_SOURCES = """
    SELECT count(*) FILTER (WHERE event_id LIKE 'query:%%'), count(*) FILTER (WHERE event_id NOT LIKE 'query:%%')
    FROM gateway_events WHERE transaction_id = ANY(%(ids)s)
"""
_UNINDEXED = "SELECT id FROM tasks WHERE name = 'search.index_elastic' AND state IN ('PENDING', 'SENT', 'RUNNING') LIMIT 1"
_LAG = """
    SELECT count(*), percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)) FROM tasks
    WHERE name = 'search.index_elastic' AND created_at >= %(at)s
"""
