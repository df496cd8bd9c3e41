"""The system account that runs PostgreSQL and Elasticsearch, which refuse to be run by root.

As root it is `nobody`: no account is added, no permission of a parent folder is changed. That account may be unable to walk to
the checkout (a clone under /root, or in a `mktemp -d`), and two facts of Linux answer this. The data folder is entered by us,
before the change of account, and then named `/proc/self/cwd`, which the kernel resolves without walking there. The binaries are
copied, for as long as they run, to a folder that everyone can reach.
"""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from embedded.messages import StartError
from embedded.programs import tied_to_parent

# The overflow ids of Linux, `nobody` and `nogroup` wherever such names exist.
_NOBODY = 65_534


@dataclass(frozen=True)
class Account:
    """The account of the private servers: `nobody` when `is_borrowed`, else our own."""

    is_borrowed: bool

    @classmethod
    def current(cls) -> "Account":
        """Our own account, or the borrowed one when we are root. Raises StartError where it cannot be borrowed."""
        account = cls(is_borrowed=os.geteuid() == 0)
        if account.is_borrowed and not account._can_be_borrowed:
            raise StartError(
                "PostgreSQL and Elasticsearch do not run as root, and this system does not let root start them as nobody (setpriv of util-linux "
                "is needed). Start as an ordinary user, or set DATABASE_URL and ELASTICSEARCH_URL."
            )
        return account

    @cached_property
    def _can_be_borrowed(self) -> bool:
        if sys.platform != "linux" or shutil.which("setpriv") is None:
            return False
        return subprocess.run([*self.prefix(), "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def prefix(self, with_parent: signal.Signals = signal.SIGTERM) -> tuple[str, ...]:
        """What stands before a command so that it runs under this account, without any privilege, and ends with its parent."""
        if not self.is_borrowed:
            return tied_to_parent(with_parent)
        identity = ("--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups")
        powerless = ("--inh-caps", "-all", "--bounding-set", "-all", "--no-new-privs")
        return ("setpriv", *identity, *powerless, "--pdeathsig", with_parent.name.removeprefix("SIG"), "--")

    def can_reach(self, file: Path) -> bool:
        """Whether this account may walk to `file` and execute it."""
        # Asked from inside, by a program that has already lost its privileges: setpriv itself still has them when it starts one.
        question = ("sh", "-c", 'test -r "$1" && test -x "$1"', "sh", str(file))
        return subprocess.run([*self.prefix(), *question]).returncode == 0

    def own(self, folder: Path) -> None:
        """Make `folder`, for this account alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.is_borrowed:
            os.chown(folder, _NOBODY, _NOBODY)

    def name_of_directory(self, directory: Path) -> str:
        """What a process of this account that was started in `directory` calls that directory."""
        return "/proc/self/cwd" if self.is_borrowed else str(directory)
