"""Stripe's own mock server, which knows Stripe's API description: found on the PATH, kept in var/tools, or built by Go."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = "github.com/stripe/stripe-mock@v0.203.0"
KEPT = Path(__file__).resolve().parents[2] / "var" / "tools" / "stripe-mock"
BUILD_SECONDS = 400


class NoStripeMock(Exception):
    """It cannot be had; the message says what to install."""


def program() -> Path:
    """The executable. Raises NoStripeMock."""
    found = shutil.which("stripe-mock")
    if found or KEPT.exists():
        return Path(found) if found else KEPT
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NoStripeMock("stripe-mock is not here and cannot be built: install Go, or put stripe-mock on the PATH")
    return _build(go)


def _build(go: str) -> Path:
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as folder:
        try:
            subprocess.run([go, "install", SOURCE], env={**os.environ, "GOBIN": folder}, check=True, capture_output=True, timeout=BUILD_SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            detail = getattr(error, "stderr", None) or str(error).encode()
            raise NoStripeMock(f"go install {SOURCE} failed: {detail.decode(errors='replace')[-300:]}") from error
        # Whole or not at all, also when two test processes build it at once.
        Path(folder, "stripe-mock").replace(KEPT)
    return KEPT


@contextmanager
def running() -> Iterator[str]:
    """The address of a server of our own. Raises NoStripeMock."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(program()), "-http-addr", f"127.0.0.1:{port}", "-strict-version-check=false"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise NoStripeMock("stripe-mock was started and does not listen") from None
            time.sleep(0.1)
        else:
            return
