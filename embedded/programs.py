"""What a program is to whatever runs it: a command, a place, and how to end it."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """One long-running process.

    `stop_signal` asks it to end; after `stop_seconds` it is killed with its process group. `environment` is added to what the
    supervisor itself has.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 10
    environment: Mapping[str, str] = field(default_factory=dict)


@cache
def tied_to_parent(with_signal: signal.Signals = signal.SIGTERM) -> tuple[str, ...]:
    """A command prefix that has the kernel send `with_signal` when the supervisor ends; empty where setpriv(1) cannot do it."""
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        return ()
    prefix = ("setpriv", "--pdeathsig", with_signal.name.removeprefix("SIG"), "--")
    works = subprocess.run([*prefix, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    return prefix if works else ()
