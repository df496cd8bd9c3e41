"""Runs supervisord as our child, and tells in plain words what it reports."""

import getpass
import re
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from embedded.messages import StartError, say
from embedded.parent_death import die_with_parent
from embedded.ports import LOOPBACK
from embedded.supervisor_configuration import Group, render_configuration

# Lines of supervisord's log that a person should hear of: pattern, and what to say.
_REPORTS = (
    (re.compile(r" exited: (\S+) \((.*); (?:not )?expected\)$"), "{0} ended ({1}) and is being restarted"),
    (re.compile(r" gave up: (\S+) entered FATAL state"), "{0} keeps failing and is not restarted any more; see {logs}/{0}.log"),
    (re.compile(r" killing '(\S+)' \(\d+\) with SIGKILL$"), "{0} did not stop in time and is killed"),
)
_CONTROL_SECONDS = 20


def describe(line: str, logs: Path) -> str | None:
    """What a line of supervisord's log means to the person at the terminal; None when it is of no interest."""
    for pattern, sentence in _REPORTS:
        if found := pattern.search(line.rstrip()):
            return sentence.format(*found.groups(), logs=logs)
    return None


class Supervisor:
    """supervisord with its programs, from `start` to `stop`."""

    def __init__(self, groups: Sequence[Group], *, folder: Path, logs: Path, port: int, password: str) -> None:
        self._logs = logs
        self._configuration = folder / "supervisord.conf"
        text = render_configuration(groups, folder=folder, logs=logs, user=getpass.getuser(), port=port, password=password)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(text)
        self._control = xmlrpc.client.ServerProxy(f"http://serve:{password}@{LOOPBACK}:{port}/RPC2")
        self._process: subprocess.Popen[str] | None = None
        self._is_stopping = False
        self.given_up: list[str] = []

    def start(self, environment: Mapping[str, str], kept_open: Sequence[int]) -> None:
        """Start supervisord and the groups that start at once. It holds the descriptors `kept_open` for as long as it lives.

        It gets a process group of its own, so that Ctrl-C reaches only us and the order of the stop is ours; and it is told to
        stop when we die.
        """
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=kept_open,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        threading.Thread(target=self._report, args=(process.stdout,), daemon=True).start()

    def start_group(self, name: str) -> None:
        """Start the programs of a group without waiting for them."""
        deadline = time.monotonic() + _CONTROL_SECONDS
        while True:
            try:
                self._control.supervisor.startProcessGroup(name, False)
                return
            except (OSError, xmlrpc.client.Error) as error:
                if not self.is_running or time.monotonic() > deadline:
                    raise StartError(f"The process manager does not answer ({error}); see {self._logs.parent}/run/supervisord.log") from error
            time.sleep(0.1)

    @property
    def is_running(self) -> bool:
        """Whether supervisord is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, once it is started."""
        return self._process.pid if self._process else None

    def request_stop(self) -> None:
        """Ask it to stop the groups, last one first, and to end. It does so by itself; `is_running` tells when."""
        self._is_stopping = True
        if self._process is not None and self.is_running:
            self._process.terminate()

    def _report(self, output: IO[str]) -> None:
        for line in output:
            sentence = describe(line, self._logs)
            if " gave up: " in line:
                self.given_up.append(line.split(" gave up: ")[1].split()[0])
            if sentence and not (self._is_stopping and " exited: " in line):
                say(f"{time.strftime('%H:%M:%S')}  {sentence}")
