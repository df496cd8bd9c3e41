"""The private back ends that the environment does not already name."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from embedded.account import Account
from embedded.credentials import Credentials
from embedded.elasticsearch import READY_SECONDS, private_node
from embedded.elasticsearch_node import ElasticsearchNode
from embedded.installation import installation_for
from embedded.messages import StartError
from embedded.ports import PortBook
from embedded.postgres import Postgres
from embedded.programs import Program
from embedded.redis_server import CACHE_SETTINGS, STATE_SETTINGS, RedisServer

# Recovery after a crash reads back what was written since the last checkpoint; a start takes well under a second.
_READY_SECONDS = 60
_STATE, _CACHE = "redis-state", "redis-cache"
_SEARCH, _SEARCH_TRANSPORT = "elasticsearch", "elasticsearch-transport"


@dataclass(frozen=True)
class Wanted:
    """Which back ends are to be private."""

    postgres: bool = True
    redis_state: bool = True
    redis_cache: bool = True
    elasticsearch: bool = False

    @classmethod
    def by(cls, environment: Mapping[str, str]) -> "Wanted":
        """Those that the environment does not name; an empty variable counts as not set. Elasticsearch only if asked for: it is heavy."""
        return cls(
            postgres=not environment.get("DATABASE_URL"),
            redis_state=not environment.get("REDIS_URL"),
            redis_cache=not environment.get("REDIS_CACHE_URL"),
            elasticsearch=environment.get("SEARCH") == "elasticsearch" and not environment.get("ELASTICSEARCH_URL"),
        )


class Backends:
    """Private back ends with their files under `folder`. A context: leaving it removes what is outside `folder`.

    Entering prepares them to be run; running the `programs` is the caller's part.
    """

    def __init__(self, folder: Path, credentials: Credentials, wanted: Wanted, *, is_durable: bool = True) -> None:
        self._folder = folder
        self._credentials = credentials
        self._wanted = wanted
        self._is_durable = is_durable
        self._resources = ExitStack()
        self._postgres: Postgres | None = None
        self._redis: dict[str, RedisServer] = {}
        self._elasticsearch: ElasticsearchNode | None = None

    def __enter__(self) -> "Backends":
        with ExitStack() as resources:
            self._prepare(resources)
            self._resources = resources.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._resources.close()

    def _prepare(self, resources: ExitStack) -> None:
        roles = {_STATE: self._wanted.redis_state, _CACHE: self._wanted.redis_cache}
        names = [*(["postgres"] if self._wanted.postgres else []), *(name for name, wanted in roles.items() if wanted)]
        names += [_SEARCH, _SEARCH_TRANSPORT] if self._wanted.elasticsearch else []
        ports = PortBook(self._folder / "run" / "ports.json").assign(names)
        passwords = {_STATE: self._credentials.redis_state_password, _CACHE: self._credentials.redis_cache_password}
        settings = {_STATE: STATE_SETTINGS, _CACHE: CACHE_SETTINGS}
        for name in roles:
            if name in ports:
                self._redis[name] = RedisServer(name, self._folder / name, ports[name], passwords[name], settings[name])
                self._redis[name].prepare()
        if self._wanted.postgres:
            account = Account.current()
            binaries = resources.enter_context(installation_for(account, self._folder / "run" / "postgres-copy"))
            password = self._credentials.database_password
            self._postgres = Postgres(self._folder / "postgres", binaries, account, ports["postgres"], password, is_durable=self._is_durable)
            self._postgres.prepare()
        if self._wanted.elasticsearch:
            node = private_node(self._folder / _SEARCH, ports[_SEARCH], ports[_SEARCH_TRANSPORT])
            self._elasticsearch = resources.enter_context(node)

    @property
    def _servers(self) -> list[Postgres | RedisServer | ElasticsearchNode]:
        possible = (self._postgres, *self._redis.values(), self._elasticsearch)
        return [server for server in possible if server]

    @property
    def programs(self) -> list[Program]:
        """What is to be run."""
        return [server.program for server in self._servers]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to these back ends."""
        urls = {
            "DATABASE_URL": self._postgres,
            "REDIS_URL": self._redis.get(_STATE),
            "REDIS_CACHE_URL": self._redis.get(_CACHE),
            "ELASTICSEARCH_URL": self._elasticsearch,
        }
        return {name: server.url for name, server in urls.items() if server}

    def wait_until_ready(self) -> None:
        """Return when each answers. Raises StartError."""
        try:
            for server in self._servers:
                server.wait_until_ready(READY_SECONDS if server is self._elasticsearch else _READY_SECONDS)
        except TimeoutError as error:
            raise StartError(str(error)) from error
