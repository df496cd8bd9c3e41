"""A private PostgreSQL: one cluster in one folder, reached over loopback TCP by one role with a password (SCRAM).

Nobody else can log in, the superuser included: it has no password, and pg_hba.conf has no other line.
"""

import hashlib
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from embedded.account import Account
from embedded.messages import StartError, say
from embedded.ports import LOOPBACK
from embedded.processes import end_all, processes_in
from embedded.programs import Program

NAME = "jobboard"
_ACCESS_RULES = f"# Made by embedded/postgres.py\nhost all {NAME} {LOOPBACK}/32 scram-sha-256\n"
# The builtin provider knows Unicode and needs no locale of the system's, which a bare machine lacks.
_ENCODING = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_DURABLE = {"fsync": "on", "full_page_writes": "on"}
# Nothing is flushed to the disk. What was committed still outlives the server's own death, as the system keeps it.
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off"}


class Postgres:
    """The cluster under `home`. `binaries` is the `bin` folder to run; `is_durable` is false for a cluster that lives as long as a test run."""

    def __init__(self, home: Path, binaries: Path, account: Account, port: int, password: str, *, is_durable: bool = True) -> None:
        self._home = home
        self._data = home / "data"
        self._binaries = binaries
        self._account = account
        self._port = port
        self._password = password
        self._is_durable = is_durable

    @property
    def url(self) -> str:
        """For DATABASE_URL."""
        return f"postgresql://{NAME}:{self._password}@{LOOPBACK}:{self._port}/{NAME}"

    @property
    def program(self) -> Program:
        """The server. SIGINT is its fast shutdown: sessions are ended, data is flushed."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self._port),
            # A socket file would be one more way in, and its path may be longer than the system allows.
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(_DURABLE if self._is_durable else _THROW_AWAY),
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program("postgres", self._command("postgres", self._data, *arguments), self._data, signal.SIGINT, stop_seconds=6)

    def prepare(self) -> None:
        """Make the cluster if there is none yet, clear away what an unclean end left, and see that the role has the present password."""
        self._account.own(self._home)
        if not self._data.exists():
            self._create()
        self._check_version()
        end_all(processes_in(self._data))
        # It holds a process id, which by now may be anybody's; the server would then refuse to start. None of ours is left.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._set_password()

    def wait_until_ready(self, seconds: float) -> None:
        """Return when the server answers. Raises TimeoutError (recovery after a crash takes its time)."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with psycopg.connect(self.url, connect_timeout=2) as connection:
                    connection.execute("SELECT 1")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"PostgreSQL did not answer within {seconds:.0f} s: {error}") from error
            time.sleep(0.1)

    def _create(self) -> None:
        say("Creating the database")
        # Built aside and renamed, so that a start that is killed meanwhile leaves nothing that looks finished.
        draft = self._home / "data.new"
        if draft.exists():
            end_all(processes_in(draft))
            shutil.rmtree(draft)
        self._account.own(draft)
        # Rejecting everyone spares the superuser's password; the rules are written next.
        self._run(draft, self._command("initdb", draft, "--username=postgres", "--auth=reject", "--no-instructions", *_ENCODING))
        (draft / "pg_hba.conf").write_text(_ACCESS_RULES)
        self._run_single(draft, [f"CREATE ROLE {NAME} LOGIN CREATEDB;", f"CREATE DATABASE {NAME} OWNER {NAME};"])
        draft.rename(self._data)

    def _set_password(self) -> None:
        # The mark spares a start of the server in the usual case, and still a lost password costs nothing but this.
        mark = self._home / "password.sha256"
        digest = hashlib.sha256(self._password.encode()).hexdigest()
        if not mark.exists() or mark.read_text() != digest:
            self._run_single(self._data, [f"ALTER ROLE {NAME} PASSWORD '{self._password}';"])
            mark.write_text(digest)

    def _run_single(self, data: Path, statements: Sequence[str]) -> None:
        """Run statements, a line each, as the superuser in a server of one session that listens to nobody."""
        settings = ("-c", "exit_on_error=on", *(() if self._is_durable else ("-c", "fsync=off")))
        command = ("env", "-i", *self._as_account("postgres"), "--single", "-D", self._name_of(data), *settings, "postgres")
        self._run(data, command, "\n".join(statements) + "\n")

    def _run(self, data: Path, command: Sequence[str], text: str = "") -> None:
        finished = subprocess.run(command, cwd=data, input=text, text=True, capture_output=True)
        if finished.returncode != 0:
            raise StartError(f"The database could not be made:\n{finished.stdout}{finished.stderr}")

    def _command(self, binary: str, data: Path, *arguments: str) -> tuple[str, ...]:
        # The environment is emptied: the borrowed account's other processes could read it, and it holds our secrets.
        return ("env", "-i", "LC_ALL=C", *self._as_account(binary), "-D", self._name_of(data), *arguments)

    def _as_account(self, binary: str) -> tuple[str, ...]:
        return (*self._account.prefix(signal.SIGINT), str(self._binaries / binary))

    def _name_of(self, data: Path) -> str:
        return self._account.name_of_directory(data)

    def _check_version(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        own = subprocess.run([self._binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1].split(".")[0]
        if made_by != own:
            raise StartError(
                f"{self._data} was made by PostgreSQL {made_by}, this is {own}. Move the folder away, or restore the older requirements."
            )
