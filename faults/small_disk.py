"""A disk of limited size under the database, and how it is filled.

It is a file system in memory, mounted in a mount name space that no other program sees and that ends with us, however we end.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from embedded.parent_death import die_with_parent
from faults.board import Board
from faults.scenario import NotHere

# What the database may still write before it is full, beside what it has.
_ROOM = 512 * 1024**2
_NEEDS = "a disk that can be filled: root, who may mount (CAP_SYS_ADMIN), with unshare and nsenter of util-linux"
# The name space lives as long as its first process, which says so when the files are in place.
_MAKE = 'mount -t tmpfs -o size="$1" tmpfs "$2" && cp -a "$3/." "$2" && echo ready && exec sleep infinity'


class SmallDisk:
    """The folder `inside` of the name space that process `pid` holds."""

    def __init__(self, pid: int, inside: Path) -> None:
        self.name_space = f"/proc/{pid}/ns/mnt"
        self.inside = inside
        # The way to the same folder from outside.
        self.folder = Path(f"/proc/{pid}/root{inside}")
        self._filler = self.folder / "filler"

    def fill(self) -> None:
        """Take what is free."""
        state = os.statvfs(self.folder)
        with self._filler.open("ab") as file:
            try:
                os.posix_fallocate(file.fileno(), file.tell(), max(1, state.f_bavail * state.f_frsize))
            except OSError:
                # The database was faster, or nothing was free.
                return

    def make_room(self) -> None:
        """Give all of it back."""
        self._filler.unlink()


@contextmanager
def small_disk(board: Board) -> Iterator[SmallDisk]:
    """The database on such a disk while the block lasts, and back where it was. Raises NotHere. From the main thread."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        raise NotHere(_NEEDS)
    usual = board.postgres.program
    inside = usual.directory.with_name("small-disk")
    inside.mkdir()
    board.postgres.end(signal.SIGINT)
    used = sum(file.stat().st_size for file in usual.directory.rglob("*") if file.is_file())
    maker = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _MAKE, "sh", str(used + _ROOM), str(inside), str(usual.directory)]
    try:
        with subprocess.Popen(maker, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent(signal.SIGKILL)) as holder:
            board.helpers.add(holder.pid)
            try:
                if holder.stdout is None or holder.stdout.readline() != "ready\n":
                    raise NotHere(_NEEDS)
                disk = SmallDisk(holder.pid, inside)
                enter = ("nsenter", f"--mount={disk.name_space}", "--", "env", "-C", str(inside))
                board.postgres.program = replace(usual, command=(*enter, *usual.command))
                board.heal()
                yield disk
                board.postgres.end(signal.SIGINT)
                _move(disk.folder, usual.directory)
            finally:
                holder.kill()
                board.helpers.discard(holder.pid)
    except FileNotFoundError as error:
        raise NotHere(_NEEDS) from error
    finally:
        board.postgres.program = usual
        inside.rmdir()
        board.heal()


def _move(source: Path, target: Path) -> None:
    shutil.rmtree(target)
    subprocess.run(["cp", "-a", source, target], check=True)
