"""What keeps a process from reaching out: three walls against sockets, of which at least one holds everywhere, one around files, and limits.

| wall | where | holds against |
|---|---|---|
| `namespace` | Linux, as root or where users may make namespaces | everything: there is no network in it, not even the loopback |
| `filter` | Linux on x86-64 and ARM64, in containers too | everything: no socket, no program, no file to write (`syscalls`) |
| `hook` | everywhere | Python code alone, so it is used only where neither of the two above can be had |
| `files` | Linux 5.13 and newer, unless its Landlock is off | everything: only Python, the engines and the fonts can be read (`landlock`) |
"""

import ctypes
import os
import resource
import sys
from typing import Any

from app.core.press.landlock import readable_paths, refuse_files
from app.core.press.syscalls import refuse_system_calls
from app.core.printing.limits import limit_process

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MOST_FILES = 64

_REFUSED_EVENTS = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "urllib.Request")


def leave_network() -> bool:
    """Move this process, and those that it forks, into a network namespace of its own, which has no way out. False where that is forbidden.

    Only for a process of one thread, since a user namespace is refused to others.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        return False
    return libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def refuse_in_python() -> None:
    """Refuse sockets and other programs to Python code, for good."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(_REFUSED_EVENTS):
            raise PermissionError(f"A press may not use {event}.")

    sys.addaudithook(refuse)


def seal(*, memory_bytes: int, has_left_network: bool) -> tuple[str, ...]:
    """Limit and wall in this process for good; the names of the walls that hold now.

    Memory is `memory_bytes` of address space; no core is dumped, no file grows, and few are open.
    """
    limit_process(memory_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))
    has_walled_files = refuse_files(readable_paths())
    walls = [name for name, holds in (("namespace", has_left_network), ("filter", refuse_system_calls())) if holds]
    if not walls:
        refuse_in_python()
        walls.append("hook")
    return (*walls, "files") if has_walled_files else tuple(walls)


def open_account() -> int:
    """A descriptor from which `resident_bytes` reads, to be opened before the process is sealed, which cannot open it any more."""
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)


def resident_bytes(account: int) -> int:
    """The memory that this process has in RAM now."""
    return int(os.pread(account, 256, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE")
