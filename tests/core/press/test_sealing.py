"""What a press cannot do, by each of its walls alone and by all of them; a server that counts its visitors must see none."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.core.press.client import Limits, Press
from app.core.press.room import Room
from tests.canary import Canary, listening

ROOT = Path(__file__).resolve().parents[3]
JOBS = ["tests.core.press.jobs"]

# Each makes one wall and then tries to fetch an address; it says whether the wall stands and what came of it.
_ONE_WALL = """
import sys
from app.core.press.sealing import leave_network, refuse_in_python
from app.core.press.syscalls import refuse_system_calls
from tests.core.press.jobs import attempt
stands = {{"namespace": leave_network, "filter": refuse_system_calls, "hook": lambda: refuse_in_python() is None}}[{wall!r}]()
print(stands, *(attempt(what, {url!r})[0].decode() for what in {attempts!r}), sep="; ")
"""


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening() as server:
        yield server


def behind(wall: str, url: str, *attempts: str) -> list[str]:
    program = _ONE_WALL.format(wall=wall, url=url, attempts=attempts)
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


def test_the_filter_refuses_sockets_to_python_and_to_native_code(canary: Canary) -> None:
    stands, *results = behind("filter", canary.url, "fetch", "socket", "unix socket", "pair", "native socket", "program", "fork")

    if stands == "False":
        pytest.skip("needs Linux with seccomp (CONFIG_SECCOMP_FILTER) on x86-64 or ARM64")
    assert results == ["refused: URLError", *["refused: PermissionError"] * 6]
    assert canary.visits == []


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


@pytest.mark.parametrize(
    "name",
    ["socket", "unix socket", "pair", "native socket", "program", "fork", "write", "append", "delete", "folder", "kill", "more memory"],
)
def test_a_filtered_press_opens_starts_and_changes_nothing(press: Press, tried: Callable[[str], str], name: str) -> None:
    press.start()
    if "filter" not in press.walls:
        pytest.skip("needs Linux with seccomp (CONFIG_SECCOMP_FILTER) on x86-64 or ARM64")

    assert tried(name) == "refused: PermissionError"


@pytest.mark.parametrize("name", ["read", "thread"])
def test_a_press_may_read_and_compute(tried: Callable[[str], str], name: str) -> None:
    assert tried(name) == "done"
