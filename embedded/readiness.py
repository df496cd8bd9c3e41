"""Asking the API whether it is ready."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from embedded.messages import StartError

# Some dozen processes load the application at once; a busy machine takes its time.
_READY_SECONDS = 240
_TAIL_LINES = 20


def wait_until_ready(url: str, has_failed: Callable[[], str | None]) -> None:
    """Return when `url` answers 200. Raises StartError with the last answer, or at once with the reason that `has_failed` gives."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        answer = _ask(url)
        if answer is None:
            return
        if reason := has_failed():
            raise StartError(reason)
        if time.monotonic() > deadline:
            raise StartError(f"The API was not ready within {_READY_SECONDS} s. {url} says: {answer}")
        time.sleep(0.25)


def _ask(url: str) -> str | None:
    """None for 200, else what came instead."""
    # Our own address, whatever proxy the environment names for the world outside.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return None if response.status == 200 else f"status {response.status}"
    except urllib.error.HTTPError as error:
        return f"status {error.code}, {error.read(2000).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def tail(log: Path) -> str:
    """The last lines of a log file, under a heading that names it."""
    if not log.exists():
        return f"--- {log} (not written)"
    lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join((f"--- the end of {log}", *lines))
