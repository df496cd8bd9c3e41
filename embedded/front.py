"""One origin in front of the API and the event streams: Caddy, by the configuration that production uses too, and the stream process."""

import sys
import sysconfig
from pathlib import Path

from embedded.app_programs import Addresses
from embedded.ports import LOOPBACK
from embedded.programs import Program, tied_to_parent

# Clients are told to come back within the first seconds; what they do not take is cut.
_STOP_SECONDS = 8
_ANYBODY = "0.0.0.0/0 ::/0"
_NOBODY = "127.0.0.255/32"


def front_programs(root: Path, addresses: Addresses, *, proxies_before: int) -> tuple[Program, ...]:
    """The proxy and the stream process. `proxies_before` is how many proxies stand in front of this one and are believed."""
    variables = {
        "FRONT_HOST": addresses.host,
        "FRONT_PORT": str(addresses.port),
        "FRONT_TRUSTS": _ANYBODY if proxies_before else _NOBODY,
        "API_ADDRESS": f"{LOOPBACK}:{addresses.api_port}",
        "STREAMS_ADDRESS": f"{LOOPBACK}:{addresses.streams_port}",
        # Caddy keeps nothing, but looks for a place where it could.
        "XDG_DATA_HOME": str(root / "var" / "run"),
        "XDG_CONFIG_HOME": str(root / "var" / "run"),
    }
    caddy = (str(Path(sysconfig.get_path("scripts")) / "caddy"), "run", "--config", str(root / "deploy" / "Caddyfile"), "--adapter", "caddyfile")
    streams = (sys.executable, "-m", "streams", "--host", LOOPBACK, "--port", str(addresses.streams_port))
    return (
        Program("front", (*tied_to_parent(), *caddy), root, stop_seconds=_STOP_SECONDS, environment=variables),
        Program("streams", (*tied_to_parent(), *streams), root, stop_seconds=_STOP_SECONDS),
    )
