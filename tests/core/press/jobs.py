"""Jobs that misbehave, for a foreman of the tests."""

import ctypes
import os
import resource
import signal
import socket
import stat
import subprocess
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core.press.errors import Refusal

FACTS: dict[str, Any] = {"engine": "of the tests"}
LOADED: list[str] = []

# More than the tests grant to a press, and less than any machine would refuse by itself.
MUCH = 3 << 29


def warm_up() -> None:
    LOADED.append("warm")


def start() -> None:
    LOADED.append("started")


def echo(*parts: bytes) -> Sequence[bytes]:
    return parts


def loaded() -> Sequence[bytes]:
    return [name.encode() for name in LOADED]


def whoami() -> Sequence[bytes]:
    return [str(os.getpid()).encode()]


def environment() -> Sequence[bytes]:
    return [name.encode() for name in os.environ]


def _sockets() -> list[int]:
    found = []
    for descriptor in range(64):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                found.append(descriptor)
    return found


def sockets() -> Sequence[bytes]:
    return [str(descriptor).encode() for descriptor in _sockets()]


def refuse() -> Sequence[bytes]:
    raise Refusal("Viết ngắn lại.")


def fault() -> Sequence[bytes]:
    raise KeyError("nothing")


def spin() -> Sequence[bytes]:
    while True:
        try:
            while True:
                pass
        except BaseException:
            # As a layout engine does that lets nothing stop it.
            continue


def sleep() -> Sequence[bytes]:
    time.sleep(60)
    return []


def swell() -> Sequence[bytes]:
    return [bytes(bytearray(MUCH))]


def swell_in_native_code() -> Sequence[bytes]:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    return [b"refused" if libc.malloc(ctypes.c_size_t(MUCH)) is None else b"given"]


def grow(bytes_: int) -> Sequence[bytes]:
    LOADED.append("x" * bytes_)
    return []


def crash() -> Sequence[bytes]:
    ctypes.string_at(0)
    return []


def leave() -> Sequence[bytes]:
    os._exit(3)


def lie(data: bytes) -> Sequence[bytes]:
    """Write what is no answer on the press's own socket."""
    os.write(_sockets()[-1], data)
    time.sleep(5)
    return []


def _connect(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=2)


def _native_socket(_: str) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0) < 0:
        raise OSError(ctypes.get_errno(), "socket")


def _native_read(place: str) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.open(place.encode(), os.O_RDONLY) < 0:
        raise OSError(ctypes.get_errno(), "open")


def _thread(_: str) -> Any:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


def _more_memory(_: str) -> Any:
    try:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError as error:
        # What Python makes of EPERM here.
        raise PermissionError(str(error)) from error


ATTEMPTS = {
    "fetch": _connect,
    "socket": lambda _: socket.socket(),
    "unix socket": lambda _: socket.socket(socket.AF_UNIX),
    "pair": lambda _: socket.socketpair(),
    "native socket": _native_socket,
    "resolve": lambda _: socket.getaddrinfo("example.com", 80),
    "program": lambda _: subprocess.run(["/bin/true"], check=True),
    "fork": lambda _: os.fork() or os._exit(0),
    "write": lambda place: Path(place).write_bytes(b"x"),
    "append": lambda place: os.open(place, os.O_WRONLY | os.O_APPEND),
    "delete": lambda place: Path(place).unlink(),
    "folder": lambda place: Path(f"{place}.d").mkdir(),
    "kill": lambda _: os.kill(os.getppid(), signal.SIGKILL),
    "more memory": _more_memory,
    "read": lambda place: Path(place).read_bytes(),
    "native read": _native_read,
    "list": lambda place: list(Path(place).parent.iterdir()),
    "thread": _thread,
}


def attempt(name: str, argument: str) -> Sequence[bytes]:
    """Whether something that a press should not do is refused."""
    try:
        ATTEMPTS[name](argument)
    except OSError as error:
        return [f"refused: {type(error).__name__}".encode()]
    return [b"done"]


JOBS = {
    job.__name__: job
    for job in (
        *(echo, loaded, whoami, environment, sockets, refuse, fault, spin, sleep),
        *(swell, swell_in_native_code, grow, crash, leave, lie, attempt),
    )
}
