"""Programs under the supervisor, from start to stop."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from embedded.instance_lock import instance_lock
from embedded.messages import StartError
from embedded.ports import find_free_port
from embedded.processes import end_all, processes_in
from embedded.programs import Program
from embedded.supervision import Supervisor
from embedded.supervisor_configuration import Group

SLEEP = "import time; time.sleep(60)"
# Writes its name when it is asked to end, so that the order can be read.
POLITE = """
import signal, sys, time
def end(*_):
    open("order", "a").write(sys.argv[1] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""

STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A working directory for programs, in which nothing runs when the test has ended."""
    for name in ("run", "log", "work"):
        (tmp_path / name).mkdir()
    yield tmp_path
    end_all(processes_in(tmp_path / "work"))


@pytest.fixture
def supervise(place: Path) -> Iterator[Callable[..., Supervisor]]:
    """Starts a supervisor over the groups; it is stopped at the end."""
    started: list[Supervisor] = []

    def begin(*groups: Group) -> Supervisor:
        supervisor = Supervisor(groups, folder=place / "run", logs=place / "log", port=find_free_port(), password="secret")
        started.append(supervisor)
        supervisor.start(dict(os.environ), kept_open=())
        return supervisor

    yield begin
    for supervisor in started:
        supervisor.request_stop()
        wait_for(lambda supervisor=supervisor: not supervisor.is_running)


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def program(name: str, source: str, place: Path, stop_seconds: int = 10) -> Program:
    script = place / f"{name}.py"
    script.write_text(source)
    return Program(name, (sys.executable, str(script), name), place / "work", stop_seconds=stop_seconds)


def test_a_crashed_program_is_restarted_and_reported(supervise: Callable[..., Supervisor], place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = supervise(Group("app", [program("sleeper", SLEEP, place)], starts_at_once=True))
    wait_for(lambda: "entered RUNNING" in (place / "run" / "supervisord.log").read_text())
    (first,) = processes_in(place / "work")

    first.kill()
    wait_for(lambda: [process.pid for process in processes_in(place / "work")] not in ([], [first.pid]))
    supervisor.report()

    assert capsys.readouterr().out.endswith("  sleeper ended (terminated by SIGKILL) and is being restarted\n")


def test_what_is_up_is_known_by_its_name(supervise: Callable[..., Supervisor], place: Path) -> None:
    supervisor = supervise(
        Group("now", [program("first", SLEEP, place)], starts_at_once=True), Group("later", [program("second", SLEEP, place)], starts_at_once=False)
    )

    wait_for(lambda: supervisor.pids_by_name() != {})

    [process] = processes_in(place / "work")
    assert supervisor.pids_by_name() == {"first": process.pid}


def test_groups_stop_in_the_reverse_order_and_leave_nothing(supervise: Callable[..., Supervisor], place: Path) -> None:
    supervisor = supervise(
        Group("backends", [program("database", POLITE, place)], starts_at_once=True),
        Group("app", [program("api", POLITE, place)], starts_at_once=False),
    )
    supervisor.start_group("app")
    wait_for(
        lambda: all((place / "log" / f"{name}.log").exists() and "up" in (place / "log" / f"{name}.log").read_text() for name in ("database", "api"))
    )

    supervisor.request_stop()
    wait_for(lambda: not supervisor.is_running)

    assert (place / "work" / "order").read_text() == "api database "
    assert processes_in(place / "work") == []


def test_a_program_that_ignores_the_request_is_killed_with_its_children(supervise: Callable[..., Supervisor], place: Path) -> None:
    supervisor = supervise(Group("app", [program("stubborn", STUBBORN, place, stop_seconds=1)], starts_at_once=True))
    wait_for(lambda: len(processes_in(place / "work")) == 2)

    supervisor.request_stop()
    wait_for(lambda: not supervisor.is_running)

    assert processes_in(place / "work") == []


def test_everything_stops_in_order_when_the_launcher_is_killed(place: Path) -> None:
    launcher = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from embedded.ports import find_free_port\n"
        "from tests.embedded.test_supervised_run import POLITE, Group, Supervisor, program\n"
        "place = Path(sys.argv[1])\n"
        "groups = [Group('backends', [program('database', POLITE, place)], True), Group('app', [program('api', POLITE, place)], True)]\n"
        "supervisor = Supervisor(groups, folder=place / 'run', logs=place / 'log', port=find_free_port(), password='secret')\n"
        "supervisor.start(dict(os.environ), ())\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", launcher, str(place)]) as process:
        logs = [place / "log" / f"{name}.log" for name in ("database", "api")]
        wait_for(lambda: all(log.exists() and "up" in log.read_text() for log in logs))
        descendants = psutil.Process(process.pid).children(recursive=True)

        process.kill()

    _, alive = psutil.wait_procs(descendants, timeout=20)
    assert len(descendants) == 3
    assert alive == []
    assert (place / "work" / "order").read_text() == "api database "


def test_a_second_run_in_one_checkout_is_refused(tmp_path: Path) -> None:
    with instance_lock(tmp_path / "lock", "http://127.0.0.1:8000"), pytest.raises(StartError) as caught, instance_lock(tmp_path / "lock", "http://x"):
        pass

    assert str(caught.value) == (
        f"bin/serve is already running in this checkout: http://127.0.0.1:8000/ (process {os.getpid()}). Stop it with Ctrl-C there."
    )


def test_a_lock_file_left_by_a_killed_run_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 1, "started": 1.0, "address": "http://127.0.0.1:8000"}')

    with instance_lock(tmp_path / "lock", "http://127.0.0.1:8001"):
        content = (tmp_path / "lock").read_text()

    assert f'"pid": {os.getpid()}' in content
    assert (tmp_path / "lock").read_text() == ""
