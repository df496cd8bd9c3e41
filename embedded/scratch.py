"""Folders that live as long as a process, and do not pile up when processes are killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "in-use"


@contextmanager
def scratch_folder(parent: Path, before_removal: Callable[[Path], None]) -> Iterator[Path]:
    """A new folder in `parent`, removed at the end; first those are removed whose process was killed.

    `before_removal` is called with each folder that is about to go, for what it has outside. A folder is in use while a process
    holds its lock, which the kernel gives up for a process that dies.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(parent / "lock"):
        for folder in parent.iterdir():
            if folder.is_dir() and not _is_in_use(folder):
                _remove(folder, before_removal)
        folder = Path(tempfile.mkdtemp(dir=parent))
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        _remove(folder, before_removal)
        os.close(lock)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_in_use(folder: Path) -> bool:
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _remove(folder: Path, before_removal: Callable[[Path], None]) -> None:
    before_removal(folder)
    # A server that is just ending may still take a file of its own away.
    shutil.rmtree(folder, ignore_errors=True)
