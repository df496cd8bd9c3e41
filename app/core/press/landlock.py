"""The part of the file system that a press may read, held by Landlock (Linux 5.13 and newer, where the kernel was built with it).

Everything that Python, the engines and the bundled fonts consist of is readable; the environment file, the storage, other people's files
and the system's accounts are not, and nothing can be changed or run. Numbers and structures are those of include/uapi/linux/landlock.h.
It holds for the thread that asks for it, and for those that this one starts later.
"""

import ctypes
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]

# The loader's own folders and its list of them: an engine's library may be loaded when it is first needed.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")

# Numbered alike on all architectures but Alpha.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ARCHITECTURES = ("x86_64", "aarch64")

_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# The thirteen rights of the first version: running, writing, reading, listing, removing and making of every kind.
_ALL_RIGHTS = (1 << 13) - 1

_PR_SET_NO_NEW_PRIVS = 38


def readable_paths() -> list[Path]:
    """What a press reads: Python's modules, ours, and shared libraries.

    The checkout is on Python's path as well, and holds more than modules: of it only `app` counts.
    """
    modules = [Path(entry).resolve() for entry in sys.path if entry]
    return [*(path for path in modules if not _ROOT.is_relative_to(path)), _ROOT / "app", *map(Path, _LIBRARIES)]


def refuse_files(readable: Iterable[Path]) -> bool:
    """Leave this thread, for good, nothing of the file system but reading what is beneath these paths.

    What is refused fails with EACCES, which Python raises as PermissionError; what is open stays open. False, and nothing is refused,
    where the kernel has no Landlock, or it is switched off.
    """
    if platform.machine() not in _ARCHITECTURES:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("=Q", _ALL_RIGHTS)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    try:
        if not all(_allow(libc, ruleset, path) for path in readable) or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> bool:
    """Add reading a file, or everything beneath a folder."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What this process cannot reach, mostly because this system does not have it, needs no rule.
        return True
    try:
        rights = _READ_FILE | _READ_DIR if stat.S_ISDIR(os.fstat(place).st_mode) else _READ_FILE
        return bool(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0) == 0)
    finally:
        os.close(place)
