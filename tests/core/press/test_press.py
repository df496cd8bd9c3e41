"""A press under jobs that misbehave: each ends as its own failure, and the next job is served."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from app.core.press import client
from app.core.press.client import Limits, Press
from app.core.press.errors import JobFault, OutOfMemory, OutOfTime, PressFailure, PressLost, Refusal
from app.core.press.room import Room

JOBS = ["tests.core.press.jobs"]
MEMORY = 1 << 30


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    opened = Room(JOBS)
    yield opened
    opened.close()


@pytest.fixture
def press(room: Room) -> Iterator[Press]:
    made = Press(room, partial(Room, JOBS), Limits(memory_bytes=MEMORY))
    yield made
    made.end()


def do(press: Press, job: str, *arguments: object, processor_seconds: float = 5, seconds: float = 10) -> list[bytes]:
    return press.do(job, *arguments, processor_seconds=processor_seconds, seconds=seconds)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def await_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.01)


def test_parts_of_any_size_come_back_as_they_went(press: Press) -> None:
    parts = (b"", b"x", os.urandom(3_000_000), b"")

    assert do(press, "echo", *parts) == list(parts)
    assert do(press, "echo") == []


def test_a_foreman_tells_of_its_engines_and_a_press_shares_what_is_loaded(room: Room, press: Press) -> None:
    assert room.facts == {"engine": "of the tests"}
    assert do(press, "loaded") == [b"warm", b"started"]


def test_one_press_serves_many_jobs(press: Press) -> None:
    assert len({do(press, "whoami")[0] for _ in range(5)}) == 1


def test_a_press_inherits_no_setting_and_has_one_socket(press: Press) -> None:
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}.isdisjoint(name.decode() for name in do(press, "environment"))
    assert len(do(press, "sockets")) == 1


@pytest.mark.parametrize(
    ("job", "failure", "said"),
    [
        ("refuse", Refusal, "Viết ngắn lại."),
        ("fault", JobFault, "KeyError: 'nothing'"),
        ("swell", OutOfMemory, ""),
        ("crash", PressLost, f"The press ended with status -{signal.SIGSEGV.value}."),
        ("leave", PressLost, "The press ended with status 3."),
    ],
)
def test_a_failure_is_told_and_the_next_job_is_served(press: Press, job: str, failure: type[Exception], said: str) -> None:
    with pytest.raises(failure) as caught:
        do(press, job)

    assert str(caught.value) == said
    assert do(press, "echo", b"next") == [b"next"]


def test_native_code_gets_no_more_memory_either(press: Press) -> None:
    assert do(press, "swell_in_native_code") == [b"refused"]


def test_a_job_that_swallows_every_exception_ends_when_its_processor_time_is_used(press: Press) -> None:
    with pytest.raises(OutOfTime):
        do(press, "spin", processor_seconds=0.2)

    assert do(press, "echo", b"next") == [b"next"]


@pytest.fixture
def no_clock_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The press's own clock, which also ends it, runs out long after the test."""
    monkeypatch.setattr(client, "_RESERVE", 3600)


@pytest.mark.usefixtures("no_clock_of_its_own")
def test_a_job_that_waits_is_killed_by_the_clock(press: Press) -> None:
    press.start()
    pid = press.pid

    with pytest.raises(PressLost, match="killed"):
        do(press, "sleep", seconds=0.2)

    await_end(pid)
    assert do(press, "echo", b"next") == [b"next"]


def test_a_press_whose_worker_is_stopped_ends_by_its_own_clock(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_RESERVE", -9.5)

    with pytest.raises(PressLost, match=f"status -{signal.SIGALRM.value}"):
        do(press, "sleep", seconds=10)


def test_a_killed_press_is_lost_and_its_neighbour_goes_on(room: Room, press: Press) -> None:
    neighbour = Press(room, partial(Room, JOBS), Limits(memory_bytes=MEMORY))
    neighbour.start()
    same = neighbour.pid
    press.start()
    os.kill(press.pid, signal.SIGKILL)

    with pytest.raises(PressLost, match=f"status -{signal.SIGKILL.value}"):
        do(press, "echo", b"x")

    assert do(neighbour, "whoami") == [str(same).encode()]
    neighbour.end()


@pytest.mark.parametrize("data", [b"\x09" + b"\0" * 30, b"\x01\x00" + b"\xff" * 8, b"\x01\x00" + (9).to_bytes(8, "big") + b"\xff" * 9])
def test_what_is_no_answer_is_not_believed(press: Press, data: bytes) -> None:
    with pytest.raises(PressLost, match="no answer that can be read"):
        do(press, "lie", data)

    assert do(press, "echo", b"next") == [b"next"]


def test_a_press_is_replaced_after_its_jobs_and_when_it_has_grown(room: Room) -> None:
    after_two = Press(room, partial(Room, JOBS), Limits(memory_bytes=MEMORY, retire_after=2))
    when_grown = Press(room, partial(Room, JOBS), Limits(memory_bytes=MEMORY, retire_bytes=60 << 20))

    served = [do(after_two, "whoami") for _ in range(4)]
    before = do(when_grown, "whoami")
    do(when_grown, "grow", 64 << 20)
    after = do(when_grown, "whoami")
    after_two.end()
    when_grown.end()

    assert served[0] == served[1] != served[2] == served[3]
    assert before != after


@pytest.mark.usefixtures("no_clock_of_its_own")
def test_a_press_whose_worker_lets_go_is_killed_in_the_middle_of_a_job(press: Press) -> None:
    press.start()
    pid = press.pid
    with pytest.raises(PressFailure):
        do(press, "sleep", seconds=0.05)

    await_end(pid)


class Mute(Room):
    """A foreman that is lost before it has named the press."""

    def order_press(self, limits: dict[str, Any]) -> tuple[socket.socket, socket.socket]:
        work, self.fate = super().order_press(limits)
        silent, theirs = socket.socketpair()
        theirs.close()
        return work, silent


def test_a_foreman_that_is_lost_while_it_starts_a_press_is_replaced(room: Room) -> None:
    mute = Mute(JOBS)
    press = Press(mute, lambda: room, Limits(memory_bytes=MEMORY))

    assert do(press, "echo", b"x") == [b"x"]
    press.end()
    mute.fate.close()


def test_a_lost_foreman_is_replaced(room: Room) -> None:
    opened = [Room(JOBS)]

    def open_room() -> Room:
        opened.append(Room(JOBS))
        return opened[-1]

    press = Press(opened[0], open_room, Limits(memory_bytes=MEMORY))
    press.start()
    os.kill(opened[0].pid, signal.SIGKILL)
    running = do(press, "echo", b"still served by its press")
    press.end()

    assert running == [b"still served by its press"]
    assert do(press, "echo", b"x") == [b"x"]
    assert len(opened) == 2
    press.close()


def test_a_foreman_that_cannot_be_started_is_a_lost_press(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(PressLost, match="could not be started"):
        Room(JOBS)


def test_everything_ends_with_its_owner() -> None:
    room = Room(JOBS)
    press = Press(room, partial(Room, JOBS), Limits(memory_bytes=MEMORY))
    press.start()
    processes = [press.pid, room.pid]

    press.close()

    for pid in processes:
        await_end(pid)
