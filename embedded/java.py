"""Java, which runs Elasticsearch, and Maven, which fetches it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from embedded import apt
from embedded.account import Account
from embedded.messages import StartError

# Elasticsearch 8.19 starts with any of these.
_RELEASES = range(17, 25)
_INSTALLED = Path("/usr/lib/jvm")
_VERSION = re.compile(r'version "(\d+)')
# A system has one of the two: Debian 12 the first, Debian 13 the second.
_RUNTIMES = ("openjdk-17-jre-headless", "openjdk-21-jre-headless")


def is_complete(account: Account) -> bool:
    """Whether both are there, Java in a release that fits and where the account can run it."""
    return find_java(account) is not None and shutil.which("mvn") is not None


def find_java(account: Account) -> Path | None:
    """The home of the first Java that fits, in the order JAVA_HOME, the PATH, what the system has installed."""
    return next((home for home in _homes() if account.can_reach(home / "bin" / "java") and _release(home) in _RELEASES), None)


def ensure(account: Account) -> Path:
    """The home of a Java, with Maven there too; both are installed where apt may. Raises StartError with the command where it may not."""
    if not is_complete(account) and apt.is_allowed() and not any(apt.install([runtime, "maven"]) for runtime in _RUNTIMES):
        raise StartError(f"apt could not install what Elasticsearch needs. {how_to_install()}")
    home = find_java(account)
    if home is None or not is_complete(account):
        raise StartError(f"Elasticsearch needs a Java from 17 to 24, and Maven to be fetched. {how_to_install()}")
    return home


def how_to_install() -> str:
    """A sentence with the command."""
    return f"Install them with:\n  {apt.command_for([_RUNTIMES[0], 'maven'])}\n(where the system has no {_RUNTIMES[0]}: {_RUNTIMES[1]})"


def _homes() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("java"):
        yield Path(found).resolve().parent.parent
    if _INSTALLED.is_dir():
        yield from sorted(_INSTALLED.iterdir())


def _release(home: Path) -> int | None:
    answer = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True)
    found = _VERSION.search(answer.stderr)
    return int(found[1]) if found else None
