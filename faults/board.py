"""The whole system on back ends of its own: what bin/serve runs, with handles to break it by."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from signal import SIGCONT, SIGKILL, Signals

import psutil

from config import LOCAL_GATEWAY_CODE, LOCAL_GATEWAY_SECRET
from embedded.app_programs import WORKERS, Addresses, app_programs
from embedded.backends import Backends, Wanted
from embedded.credentials import Credentials
from embedded.installation import remove_noted_copy
from embedded.messages import StartError, say
from embedded.ports import LOOPBACK, find_free_port
from embedded.processes import end_adopted
from embedded.programs import Program, running
from embedded.readiness import wait_until_ready
from embedded.scratch import scratch_folder
from embedded.supervision import Supervisor
from embedded.supervisor_configuration import Group

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var" / "faults"
LOGS, HISTORIES = VAR / "log", VAR / "history"
WORKER_NAMES = tuple(f"worker-{queue}" for queue in WORKERS)
_RATES = ("DEFAULT_RATE", "PAYMENT_CREATE_RATE", "MESSAGE_SEND_RATE", "PDF_GENERATION_RATE")
_UP_SECONDS = 120


class Server:
    """A back end that can be killed, left away for a while, and started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it unless it runs. From the main thread, as all that `running` starts."""
        if self.pid is None:
            self._process = self._running.enter_context(running(self.program, LOGS / f"{self.program.name}.log"))

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def signal(self, number: Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def end(self, number: Signals = SIGKILL) -> None:
        """End it by a signal and wait for its end."""
        self.signal(number)
        if self._process is not None:
            self._process.wait(30)

    def forget(self) -> None:
        """Remove what a Redis has on disk, so that it starts empty."""
        shutil.rmtree(self.program.directory / "appendonlydir")

    def close(self) -> None:
        """Stop it in good order."""
        self._running.close()


class Board:
    """API, relay, the workers of all queues and beat under the process manager of bin/serve; PostgreSQL and both Redis in our own hands."""

    def __init__(self, backends: Backends, supervisor: Supervisor, environment: dict[str, str], port: int) -> None:
        self._backends = backends
        self._supervisor = supervisor
        self.environment = environment
        self.port = port
        self.servers = {program.name: Server(program) for program in backends.programs}
        self.postgres, self.broker = self.servers["postgres"], self.servers["redis-state"]
        self.spare = Server(visiting_worker(environment, "spare"))
        # Processes that a scenario itself has started.
        self.helpers: set[int] = set()

    @property
    def database_url(self) -> str:
        """For psycopg."""
        return self.environment["DATABASE_URL"]

    def start(self) -> None:
        """Start and migrate everything; returns when the API is ready."""
        for server in self.servers.values():
            server.start()
        self._backends.wait_until_ready()
        self.flask("db", "upgrade")
        if "elasticsearch" in self.servers:
            self.flask("search", "prepare")
        self._supervisor.start(self.environment, kept_open=())
        self.heal()

    def stop(self) -> None:
        """Stop everything in good order."""
        self.spare.close()
        self._supervisor.request_stop()
        while self._supervisor.is_running:
            time.sleep(0.1)
        for server in self.servers.values():
            server.close()

    def pid(self, name: str) -> int | None:
        """The main process of a program that has been up for some seconds."""
        return self._supervisor.pids_by_name().get(name)

    def processes(self, name: str) -> list[psutil.Process]:
        """The main process of a program and all its descendants; none while it is down."""
        pid = self.pid(name)
        try:
            return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)] if pid else []
        except psutil.NoSuchProcess:
            return []

    def tidy(self) -> None:
        """End what killed programs leave behind, as bin/serve does."""
        own = [server.pid for server in (*self.servers.values(), self.spare)]
        end_adopted(ours=[*self._supervisor.pids, *self.helpers, *(pid for pid in own if pid)])

    def heal(self) -> None:
        """Bring back what was broken; returns when all programs are up and the API is ready. Raises StartError."""
        for server in self.servers.values():
            server.signal(SIGCONT)
            server.start()
        self._backends.wait_until_ready()
        self.tidy()
        deadline = time.monotonic() + _UP_SECONDS
        while missing := {"api", "relay", "beat", *WORKER_NAMES} - self._supervisor.pids_by_name().keys():
            if time.monotonic() > deadline or not self._supervisor.is_running:
                raise StartError(f"{', '.join(sorted(missing))} did not come back; see {LOGS}")
            time.sleep(0.5)
        wait_until_ready(f"http://{LOOPBACK}:{self.port}/api/health/ready/", lambda: None)

    def flask(self, *arguments: str) -> None:
        """Run one of the project's commands to its end. Raises StartError with what it said when it fails."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        finished = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if finished.returncode != 0:
            raise StartError(f"flask {' '.join(arguments)}: {finished.stdout}{finished.stderr}")


@contextmanager
def running_board(*, has_engine: bool) -> Iterator[Board]:
    """A board with an empty database, gone afterwards but for its logs; this process gets its environment too. From the main thread.

    `has_engine` when Elasticsearch is to answer its searches.
    """
    with scratch_folder(VAR / "run", lambda folder: remove_noted_copy(folder / "run" / "postgres-copy")) as folder:
        LOGS.mkdir(parents=True, exist_ok=True)
        (folder / "run").mkdir()
        credentials = Credentials.generate()
        # Durable, as bin/serve has it: what an immediate stop leaves must be enough.
        with Backends(folder, credentials, Wanted(elasticsearch=has_engine), is_durable=True) as backends:
            port = find_free_port()
            environment = _environment(folder, credentials, backends, port)
            os.environ.update(environment)
            addresses = Addresses(LOOPBACK, port, flower_port=0)
            programs = [_with_poison(program) for program in app_programs(ROOT, folder, addresses, environment) if program.name != "flower"]
            groups = [Group("app", programs, starts_at_once=True)]
            password = credentials.supervisor_password
            supervisor = Supervisor(groups, folder=folder / "run", logs=LOGS, port=find_free_port([port]), password=password)
            board = Board(backends, supervisor, environment, port)
            try:
                say("Starting the board")
                board.start()
                yield board
            finally:
                board.stop()


def _environment(folder: Path, credentials: Credentials, backends: Backends, port: int) -> dict[str, str]:
    url = f"http://{LOOPBACK}:{port}"
    own = {
        "ENVIRONMENT": "development",
        "SECRET_KEY": credentials.secret_key,
        "PUBLIC_URL": url,
        "FRONTEND_URL": url,
        "STORAGE_URL": f"file://{folder / 'storage'}",
        "MAIL_FOLDER": str(folder / "mail"),
        # What `.env` may say must not reach this board.
        **dict.fromkeys(("SMTP_URL", "ELASTICSEARCH_URL", "SENTRY_DSN", "VNPAY_URL", "PAYMENT_PROVIDERS"), ""),
        "VNPAY_TMN_CODE": LOCAL_GATEWAY_CODE,
        "VNPAY_HASH_SECRET": LOCAL_GATEWAY_SECRET,
        "TRUSTED_PROXIES": "0",
        "ACCESS_TOKEN_TTL": "14400",
        # Every purchase prints a receipt too: the résumés would be refused while those wait.
        "PDF_QUEUE_SECONDS": "3600",
        "PYTHONUNBUFFERED": "1",
        # Rates that nobody reaches, rather than none: so each request speaks to the state Redis, as in production.
        **dict.fromkeys(_RATES, "1000000/hour"),
    }
    return {**os.environ, **own, **backends.environment}


def _with_poison(program: Program) -> Program:
    """A worker that knows the tasks of `faults.poison` too."""
    is_worker = program.name in WORKER_NAMES
    return replace(program, command=(*program.command, "-I", "faults.poison")) if is_worker else program


def visiting_worker(environment: dict[str, str], name: str, queues: str = "payments") -> Program:
    """One more worker of these queues, as of another machine."""
    [worker] = [program for program in app_programs(ROOT, VAR, Addresses(LOOPBACK, 0, 0), environment) if program.name == "worker-payments"]
    changes = {"payments": queues, "payments@%h": f"{name}@%h"}
    return replace(worker, name=name, command=tuple(changes.get(part, part) for part in worker.command))
