"""Redis GETs on a connection of the calling thread's own: a third of the work of a command through the pool."""

import os
import threading
from typing import cast

import redis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError


class ThreadConnections:
    """One connection a thread, made like those of `client`; a thread that ends closes its own."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool
        self._own = threading.local()

    def get(self, key: str) -> bytes | None:
        """The value of `key`. Raises RedisError within the client's timeouts; the next call then connects anew."""
        connection = self._connection()
        try:
            return self._ask(connection, key)
        except RedisConnectionError:
            # A server that was restarted has closed what was open; one that is away refuses again at once.
            return self._ask(connection, key)

    def _ask(self, connection: AbstractConnection, key: str) -> bytes | None:
        connection.send_packed_command(connection.pack_command("GET", key), check_health=False)
        return cast(bytes | None, connection.read_response(disable_decoding=True))

    def _connection(self) -> AbstractConnection:
        connection: AbstractConnection | None = getattr(self._own, "connection", None)
        if connection is None or connection.pid != os.getpid():
            self._own.connection = connection = cast(AbstractConnection, self._pool.make_connection())
        return connection
