"""Finding and ending processes that outlived the one that should have ended them."""

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import psutil


def processes_in(directory: Path) -> list[psutil.Process]:
    """The processes whose working directory is `directory`, which is how a private back end is known whatever its process id."""
    place = directory.stat()
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _works_in(process, place)]


def _works_in(process: psutil.Process, place: os.stat_result) -> bool:
    # On Linux the kernel follows this link: right even when the path cannot be walked by us, or was renamed.
    link = Path(f"/proc/{process.pid}/cwd")
    try:
        return os.path.samestat((link if sys.platform == "linux" else Path(process.cwd())).stat(), place)
    except (OSError, psutil.Error):
        # It ended meanwhile, or is another user's and so not ours.
        return False


def processes_marked(variable: str, value: str) -> list[psutil.Process]:
    """The processes of this account, but for this one, in whose environment `variable` is `value`."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _has_variable(process, variable, value)]


def _has_variable(process: psutil.Process, variable: str, value: str) -> bool:
    try:
        return process.environ().get(variable) == value
    except (OSError, psutil.Error):
        # It ended meanwhile, or is another user's and so not ours.
        return False


def end_all(processes: Sequence[psutil.Process], grace_seconds: float = 5) -> None:
    """Ask the processes to end, and kill those that have not after `grace_seconds`."""
    for process in processes:
        _signal(process, kill=False)
    _, stubborn = psutil.wait_procs(processes, timeout=grace_seconds)
    for process in stubborn:
        _signal(process, kill=True)
    psutil.wait_procs(stubborn, timeout=5)


def end_descendants(grace_seconds: float = 2) -> list[str]:
    """End every process that descends from this one, adopted orphans included; the names of those that there were."""
    ended: list[str] = []
    # A dying process may leave children that are adopted only then, hence more than one round.
    while descendants := psutil.Process().children(recursive=True):
        ended += [_name(process) for process in descendants]
        end_all(descendants, grace_seconds)
        reap_adopted()
    return ended


def end_adopted(ours: Collection[int]) -> None:
    """End what a crashed program left behind: our children, but for those that we started."""
    end_all([process for process in psutil.Process().children() if process.pid not in ours and process.status() != psutil.STATUS_ZOMBIE])
    reap_adopted(ours)


def reap_adopted(ours: Collection[int] = ()) -> None:
    """Collect the exit status of ended orphans; that of our own children is left to whoever started them."""
    for process in psutil.Process().children():
        try:
            if process.pid not in ours and process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)
        except (ChildProcessError, psutil.NoSuchProcess):
            # Collected meanwhile, by whoever started it.
            continue


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return str(process.pid)


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        # It has ended by itself, which is what was wanted.
        return
