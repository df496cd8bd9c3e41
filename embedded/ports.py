"""TCP ports on the loopback interface."""

import errno
import json
import os
import random
import socket
from collections.abc import Iterable
from pathlib import Path

from embedded.messages import StartError

LOOPBACK = "127.0.0.1"

# Below the range from which systems give ports to outgoing connections (32768 and up on Linux), so that a free port stays free
# in the moment between this choice and the server's bind.
_PRIVATE_RANGE = range(15_000, 30_000)
_ATTEMPTS = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now. Raises OSError for a host that is not this machine's, or a port it may not use."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of the previous run that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def parse_port(variable: str, value: str) -> int:
    """The port that an environment variable names. Raises StartError when it is none."""
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65_535):
        raise StartError(f"{variable}={value} is not a port: it must be a number from 1 to 65535.")
    return int(value)


def require_free(variable: str, port: int, host: str = LOOPBACK) -> None:
    """Raise StartError, in words that help, when `port` cannot be listened on."""
    try:
        free = is_free(port, host)
    except OSError as error:
        raise StartError(f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}). Choose another with {variable}.") from error
    if not free:
        raise StartError(f"Port {port} is already in use on {host}. Stop what uses it, or choose another: {variable}={port + 1} bin/serve")


class PortBook:
    """The ports that private back ends used last, kept in a JSON file of `{name: port}`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def assign(self, names: Iterable[str]) -> dict[str, int]:
        """A free port for each name: the one it had if that is still free, else another; the choice is written down."""
        remembered = self._read()
        chosen: dict[str, int] = {}
        for name in names:
            port = remembered.get(name)
            usable = isinstance(port, int) and port in _PRIVATE_RANGE and port not in chosen.values() and is_free(port)
            chosen[name] = port if usable and port is not None else find_free_port(chosen.values())
        self._path.write_text(json.dumps(chosen))
        return chosen

    def _read(self) -> dict[str, int]:
        try:
            content = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            # Nothing there, or cut short by a power loss: new ports are as good.
            return {}
        return content if isinstance(content, dict) else {}


def find_free_port(taken: Iterable[int] = ()) -> int:
    """A port that nothing listens on and that is not in `taken`."""
    avoided = set(taken)
    for port in random.sample(_PRIVATE_RANGE, _ATTEMPTS):
        if port not in avoided and is_free(port):
            return port
    raise StartError(f"No free port was found on {LOOPBACK}.")
