"""What a press cannot do, by each of its walls alone and by all of them; a server that counts its visitors must see none."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.core.press.client import Limits, Press
from app.core.press.room import Room
from tests.canary import Canary, listening
from tests.needs import needs_landlock, needs_seccomp

ROOT = Path(__file__).resolve().parents[3]
JOBS = ["tests.core.press.jobs"]

# Each makes one wall and then tries what it is told, with one argument; it says whether the wall stands and what came of it.
_ONE_WALL = """
import sys
from app.core.press.landlock import readable_paths, refuse_files
from app.core.press.sealing import leave_network, refuse_in_python
from app.core.press.syscalls import refuse_system_calls
from tests.core.press.jobs import attempt
walls = {{"namespace": leave_network, "filter": refuse_system_calls, "hook": lambda: refuse_in_python() is None}}
stands = {{**walls, "files": lambda: refuse_files(readable_paths())}}[{wall!r}]()
print(stands, *(attempt(what, {argument!r})[0].decode() for what in {attempts!r}), sep="; ")
"""

# A thread that was there before the filter, as some versions of Pango keep one.
_ANOTHER_THREAD = """
import threading
from app.core.press.syscalls import refuse_system_calls
from tests.core.press.jobs import attempt
is_sealed, said = threading.Event(), []
helper = threading.Thread(target=lambda: is_sealed.wait() and said.extend(attempt("native socket", "")))
helper.start()
stands = refuse_system_calls()
is_sealed.set()
helper.join()
print(stands, said[0].decode(), sep="; ")
"""


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening() as server:
        yield server


def behind(wall: str, argument: str, *attempts: str) -> list[str]:
    return said_by(_ONE_WALL.format(wall=wall, argument=argument, attempts=attempts))


def said_by(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip().split("; ")


def test_the_lure_works_without_a_wall(canary: Canary) -> None:
    program = f"from tests.core.press.jobs import _connect\ntry: _connect({canary.url + '/open'!r})\nexcept Exception: pass"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=True)

    assert canary.visits == ["/open"]


def test_a_namespace_has_no_network(canary: Canary) -> None:
    stands, fetched = behind("namespace", canary.url, "fetch")

    if stands == "False":
        pytest.skip("needs root, or a kernel that lets users make namespaces (sysctl user.max_net_namespaces)")
    assert fetched == "refused: URLError"
    assert canary.visits == []


@needs_seccomp
def test_the_filter_refuses_sockets_to_python_and_to_native_code(canary: Canary) -> None:
    stands, *results = behind("filter", canary.url, "fetch", "socket", "unix socket", "pair", "native socket", "program", "fork")

    assert stands == "True"
    assert results == ["refused: URLError", *["refused: PermissionError"] * 6]
    assert canary.visits == []


@needs_seccomp
def test_the_filter_holds_for_threads_that_were_there_before() -> None:
    stands, said = said_by(_ANOTHER_THREAD)

    assert stands == "True"
    assert said == "refused: PermissionError"


@needs_landlock
def test_the_wall_around_files_refuses_to_read_and_to_change_any(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"as it was")

    stands, *results = behind("files", str(secret), "read", "native read", "list", "write", "append", "delete", "folder", "program")

    assert stands == "True"
    assert results == ["refused: PermissionError"] * 8
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("secret", b"as it was")]


def test_without_landlock_nothing_is_refused_and_it_says_so() -> None:
    program = "import platform\nplatform.machine = lambda: 'another'\n" + _ONE_WALL.format(wall="files", argument="/etc/passwd", attempts=["read"])

    assert said_by(program) == ["False", "done"]


def test_the_hook_refuses_sockets_to_python(canary: Canary) -> None:
    stands, *results = behind("hook", canary.url, "fetch", "socket", "pair", "resolve", "program", "fork")

    assert stands == "True"
    assert [result.split(":")[0] for result in results] == ["refused"] * 6
    assert canary.visits == []


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    made = Press(Room(JOBS), partial(Room, JOBS), Limits(memory_bytes=1 << 30))
    yield made
    made.close()


@pytest.fixture
def tried(press: Press, canary: Canary, tmp_path: Path) -> Callable[[str], str]:
    file = tmp_path / "file"
    file.write_bytes(b"as it was")

    def attempt(name: str) -> str:
        argument = canary.url if name == "fetch" else str(file)
        [said] = press.do("attempt", name, argument, processor_seconds=5, seconds=10)
        assert canary.visits == []
        assert file.read_bytes() == b"as it was"
        assert [found.name for found in tmp_path.iterdir()] == ["file"]
        return said.decode()

    return attempt


def test_a_press_has_a_wall(press: Press) -> None:
    press.start()

    assert {"namespace", "filter", "hook"} & set(press.walls)


def test_a_press_fetches_nothing(tried: Callable[[str], str]) -> None:
    assert tried("fetch").startswith("refused")


@needs_seccomp
@pytest.mark.parametrize(
    "name",
    ["socket", "unix socket", "pair", "native socket", "program", "fork", "write", "append", "delete", "folder", "kill", "more memory"],
)
def test_a_filtered_press_opens_starts_and_changes_nothing(tried: Callable[[str], str], name: str) -> None:
    assert tried(name) == "refused: PermissionError"


def test_a_press_computes_in_threads(tried: Callable[[str], str]) -> None:
    assert tried("thread") == "done"


@pytest.mark.parametrize("place", ["app/core/printing/font_files/BeVietnamPro-Regular.ttf", "app/resumes/themes/base.css", "app/core/clock.py"])
def test_a_press_reads_what_it_prints_with(press: Press, place: str) -> None:
    assert read_in(press, ROOT / place) == "done"


@needs_landlock
@pytest.mark.parametrize("place", [ROOT / ".env.example", "/etc/passwd", "/proc/self/environ", "/proc/{worker}/environ", "{secret}"])
def test_a_press_reads_no_secret(press: Press, tmp_path: Path, place: Path | str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")

    assert read_in(press, str(place).format(worker=os.getpid(), secret=secret)) == "refused: PermissionError"


def read_in(press: Press, place: Path | str) -> str:
    [said] = press.do("attempt", "read", str(place), processor_seconds=5, seconds=10)
    return said.decode()
