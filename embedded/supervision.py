"""Runs supervisord as our child, and tells in plain words what it reports."""

import getpass
import re
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embedded.messages import StartError, say
from embedded.parent_death import die_with_parent
from embedded.ports import LOOPBACK
from embedded.supervisor_configuration import Group, render_configuration

# Lines of supervisord's log that a person should hear of: pattern, and what to say.
_ENDED = re.compile(r" exited: (\S+) \((.*); (?:not )?expected\)$")
_GAVE_UP = re.compile(r" gave up: (\S+) entered FATAL state")
_KILLED = re.compile(r" killing '(\S+)' \(\d+\) with SIGKILL$")
_SENTENCES = {
    _ENDED: "{0} ended ({1}) and is being restarted",
    _GAVE_UP: "{0} keeps failing and is not restarted any more; see {logs}/{0}.log",
    _KILLED: "{0} did not stop in time and is killed",
}
_CONTROL_SECONDS = 20


def describe(line: str, logs: Path) -> str | None:
    """What a line of supervisord's log means to the person at the terminal; None when it is of no interest."""
    for pattern, sentence in _SENTENCES.items():
        if found := pattern.search(line.rstrip()):
            return sentence.format(*found.groups(), logs=logs)
    return None


class Supervisor:
    """supervisord with its programs, from `start` to `stop`."""

    def __init__(self, groups: Sequence[Group], *, folder: Path, logs: Path, port: int, password: str) -> None:
        self._logs = logs
        self._log = folder / "supervisord.log"
        self._log_position = 0
        self._configuration = folder / "supervisord.conf"
        text = render_configuration(groups, folder=folder, logs=logs, user=getpass.getuser(), port=port, password=password)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(text)
        self._control_url = f"http://serve:{password}@{LOOPBACK}:{port}/RPC2"
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = False
        self.given_up: list[str] = []

    def start(self, environment: Mapping[str, str], kept_open: Sequence[int]) -> None:
        """Start supervisord and the groups that start at once. It holds the descriptors `kept_open` for as long as it lives.

        It gets a process group of its own, so that Ctrl-C reaches only us and the order of the stop is ours; and it is told to
        stop when we die.
        """
        self._log.write_text("")
        # Its messages go to a file rather than a pipe: writing to a pipe whose reader was killed would kill it too, and with it the orderly stop.
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=kept_open,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    def start_group(self, name: str) -> None:
        """Start the programs of a group without waiting for them."""
        deadline = time.monotonic() + _CONTROL_SECONDS
        while True:
            try:
                with xmlrpc.client.ServerProxy(self._control_url) as control:
                    control.supervisor.startProcessGroup(name, False)
                return
            except (OSError, xmlrpc.client.Error) as error:
                if not self.is_running or time.monotonic() > deadline:
                    raise StartError(f"The process manager does not answer ({error}); see {self._log}") from error
            time.sleep(0.1)

    @property
    def is_running(self) -> bool:
        """Whether supervisord is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pids(self) -> tuple[int, ...]:
        """Its process id, once it is started."""
        return (self._process.pid,) if self._process else ()

    def pids_by_name(self) -> dict[str, int]:
        """The process ids of the programs that are up, and have been for the time that a start takes."""
        try:
            with xmlrpc.client.ServerProxy(self._control_url) as control:
                found: Any = control.supervisor.getAllProcessInfo()
        except (OSError, xmlrpc.client.Error):
            return {}
        return {process["name"]: process["pid"] for process in found if process["statename"] == "RUNNING"}

    def request_stop(self) -> None:
        """Ask it to stop the groups, last one first, and to end. It does so by itself; `is_running` tells when."""
        self._is_stopping = True
        if self._process is not None and self.is_running:
            self._process.terminate()

    def report(self) -> None:
        """Say what has happened since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._log_position)
            lines = log.read()
        # A line that is still being written waits for the next call.
        complete = lines[: lines.rfind(b"\n") + 1]
        self._log_position += len(complete)
        for line in complete.decode(errors="replace").splitlines():
            self._report_line(line)

    def _report_line(self, line: str) -> None:
        if found := _GAVE_UP.search(line):
            self.given_up.append(found[1])
        sentence = describe(line, self._logs)
        if sentence and not (self._is_stopping and _ENDED.search(line)):
            say(f"{time.strftime('%H:%M:%S')}  {sentence}")
