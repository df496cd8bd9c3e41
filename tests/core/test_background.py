"""The chores of a serving process."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask, current_app

from app.core.background import Background


@pytest.fixture
def app() -> Iterator[Flask]:
    made = Flask("example")
    yield made
    Background.of(made).finish(os.getpid())


def test_chores_run_in_an_application_context_until_the_process_ends(app: Flask) -> None:
    seen: list[str] = []
    thrice = threading.Event()

    def chore() -> None:
        seen.append(current_app.name)
        if len(seen) == 3:
            thrice.set()

    background = Background.of(app)
    background.every(0.01, chore)

    background.ensure_running()

    assert thrice.wait(10)
    assert set(seen) == {"example"}
    assert Background.of(app) is background


def test_a_chore_that_fails_stops_no_other(app: Flask) -> None:
    twice = threading.Semaphore(0)
    background = Background.of(app)
    background.every(0.01, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    background.every(0.01, lambda: twice.release())

    background.ensure_running()

    assert all(twice.acquire(timeout=10) for _ in range(2))


def test_one_thread_a_process_and_none_under_test(app: Flask) -> None:
    background = Background.of(app)
    background.every(60, time.time)
    before = set(threading.enumerate())

    app.testing = True
    background.ensure_running()
    under_test = set(threading.enumerate()) - before
    app.testing = False
    for _ in range(3):
        background.ensure_running()

    assert under_test == set()
    assert [thread.name for thread in set(threading.enumerate()) - before] == ["background"]


def test_what_is_unfinished_is_done_at_the_end_by_the_process_itself(app: Flask) -> None:
    done: list[str] = []
    background = Background.of(app)
    background.every(60, lambda: done.append("at exit"), at_exit=True)
    background.every(60, lambda: done.append("never"))

    background.finish(os.getpid() + 1)
    assert done == []
    background.finish(os.getpid())

    assert done == ["at exit"]
