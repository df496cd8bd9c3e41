"""A reader never sees a job older than the last acknowledged write, and a cold job is loaded once: with real commits and threads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from app.core import cache_epoch
from app.core.cache_epoch import DatabaseEpoch
from app.extensions import db
from app.jobs import cache
from tests.jobs.conftest import Posting
from tests.jobs.private_redis import PrivateRedis

READERS = 8
WRITES = 60


@contextmanager
def counted_loads(app: APIFlask) -> Iterator[list[str]]:
    """The statements that read jobs from the database."""
    loads: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "FROM jobs" in statement:
            loads.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield loads
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.serial
def test_a_thousand_readers_of_a_cold_job_load_it_once(posting: Posting) -> None:
    number = 1000
    start = threading.Barrier(number)

    def read(_: int) -> tuple[int, str]:
        client = posting.client()
        start.wait(60)
        answer = client.get(posting.path)
        return answer.status_code, answer.headers["ETag"]

    with counted_loads(posting.app) as loads, ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(read, range(number)))

    assert len(loads) == 1
    assert {status for status, _ in answers} == {200}
    assert len({etag for _, etag in answers}) == 1


class Race:
    """One writer who numbers its titles, and readers who note every title that is older than the last acknowledged one."""

    def __init__(self, posting: Posting) -> None:
        self._posting = posting
        self._acknowledged = 0
        self._is_over = threading.Event()
        self.reads = 0
        self.stale: list[tuple[int, int]] = []

    def run(self, before_write: Callable[[int], None]) -> None:
        with ThreadPoolExecutor(READERS) as pool:
            readers = [pool.submit(self._read) for _ in range(READERS)]
            try:
                for number in range(1, WRITES + 1):
                    before_write(number)
                    assert self._posting.rename(f"Bản {number}") == 200
                    self._acknowledged = number
            finally:
                self._is_over.set()
            for reader in readers:
                reader.result()

    def _read(self) -> None:
        while not self._is_over.is_set():
            least = self._acknowledged
            seen = int(self._posting.title().removeprefix("Bản "))
            self.reads += 1
            if seen < least:
                self.stale.append((seen, least))


def test_no_reader_is_behind_the_last_acknowledged_of_sixty_writes(posting: Posting) -> None:
    race = Race(posting)

    race.run(lambda number: None)

    assert race.stale == []
    assert race.reads > READERS
    assert posting.title() == f"Bản {WRITES}"


def test_no_reader_is_behind_while_the_cache_hangs_comes_back_and_is_killed(posting: Posting, private_redis: PrivateRedis) -> None:
    race = Race(posting)
    nemesis = {10: private_redis.pause, 13: private_redis.resume, 30: private_redis.kill, 33: private_redis.start}

    race.run(lambda number: nemesis.get(number, lambda: None)())

    assert race.stale == []
    assert posting.title() == f"Bản {WRITES}"


def test_a_process_that_cannot_reach_the_cache_leaves_no_old_job_to_the_others(posting: Posting, cut_off: Posting) -> None:
    assert posting.title() == "Bản 0"

    renamed = cut_off.rename("Bản 1")

    assert (renamed, posting.title(), cut_off.title()) == (200, "Bản 1", "Bản 1")


def test_a_hanging_cache_is_asked_once_and_then_left_alone(posting: Posting, private_redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    with posting.app.app_context():
        connection = cache.job_cache()._own_connection
    asked: list[str] = []
    get = connection.get
    monkeypatch.setattr(connection, "get", lambda key: asked.append(key) or get(key))
    private_redis.pause()

    titles = [posting.title() for _ in range(20)]

    assert titles == ["Bản 0"] * 20
    assert asked == [f"cache:job:{posting.id}"]


def test_a_load_that_a_write_overtakes_is_not_kept(posting: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    load = cache._load
    overtaken = []

    def load_then_lose_the_race(job_id: int) -> tuple[bytes, float]:
        loaded = load(job_id)
        if not overtaken:
            overtaken.append(posting.rename("Bản 1"))
        return loaded

    monkeypatch.setattr(cache, "_load", load_then_lose_the_race)

    first, second = posting.title(), posting.title()

    assert (overtaken, first, second) == ([200], "Bản 0", "Bản 1")


def test_a_failed_load_fails_for_its_reader_only(posting: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    load = cache._load
    monkeypatch.setattr(cache, "_load", lambda job_id: 1 / 0)

    failed = posting.client().get(posting.path).status_code
    monkeypatch.setattr(cache, "_load", load)

    assert (failed, posting.title()) == (500, "Bản 0")


def test_an_epoch_that_has_ended_is_trusted_by_nobody_once_the_writer_goes_on(posting: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = DatabaseEpoch(), DatabaseEpoch()
    with posting.app.app_context():
        before = reader.tag()
        during: list[bytes | None] = []
        monkeypatch.setattr(cache_epoch.time, "sleep", lambda seconds: during.append(reader.tag()) or real_sleep(seconds))

        writer.advance()
        after = reader.tag()

    assert during == [before], "within its lease a reader does not ask"
    assert after != before


real_sleep = threading.Event().wait
