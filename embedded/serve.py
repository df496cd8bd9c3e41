"""bin/serve: the whole board on this machine, until Ctrl-C."""

import os
import sys
import time
from pathlib import Path

from embedded.app_programs import MailCatcher, app_programs, mail_catcher
from embedded.backends import Backends, Wanted
from embedded.credentials import load_credentials
from embedded.front import front_programs
from embedded.instance_lock import instance_lock
from embedded.messages import StartError, say, warn
from embedded.parent_death import adopt_orphans
from embedded.ports import find_free_port, require_free
from embedded.processes import end_adopted, end_all, end_descendants, processes_marked
from embedded.readiness import tail, wait_until_ready
from embedded.served_environment import write_environment
from embedded.settings import ServeSettings
from embedded.steps import run_step
from embedded.stop_signals import Interrupted, StopSignals
from embedded.supervision import Supervisor
from embedded.supervisor_configuration import Group

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
LOGS = VAR / "log"
RUN = VAR / "run"
SERVED = RUN / "serve.env"

# A stop may take 25 s in all; what is left after this is killed.
_STOP_SECONDS = 21

# A variable that every process of a run carries, so that the next run knows what a kill -9 of launcher and supervisor left behind.
_MARK = "SERVED_FROM_CHECKOUT"


def main() -> int:
    """Serve until asked to stop. The exit status is 0 after a stop that was asked for, 1 when the start or the supervision failed."""
    signals = StopSignals()
    adopt_orphans()
    try:
        _serve(signals)
    except Interrupted:
        say("Stopped")
    except StartError as error:
        signals.is_expected = True
        warn(f"bin/serve: {error}")
        return 1
    finally:
        signals.is_expected = True
        end_descendants()
    return 0


def _serve(signals: StopSignals) -> None:
    for folder in (VAR, LOGS, RUN):
        folder.mkdir(exist_ok=True)
    settings = ServeSettings.read(ROOT, os.environ)
    addresses = settings.addresses
    with instance_lock(RUN / "serve.lock", addresses.api) as lock:
        end_all(processes_marked(_MARK, str(ROOT)))
        require_free("PORT", addresses.port, addresses.host)
        require_free("FLOWER_PORT", addresses.flower_port)
        catcher = _mail_catcher(settings)
        credentials = load_credentials(VAR / "secrets.json")
        with Backends(VAR, credentials, Wanted.by(settings.environment)) as backends:
            reached = {**backends.environment, **catcher.environment}
            found = settings.missing(VAR, credentials.secret_key, reached)
            environment = settings.for_processes(VAR, credentials.secret_key, reached) | {_MARK: str(ROOT)}
            inside = addresses.behind_a_proxy()
            front = front_programs(ROOT, inside, proxies_before=int(settings.environment.get("TRUSTED_PROXIES") or 0))
            board = [*app_programs(ROOT, VAR, inside, settings.environment), *front, *catcher.programs]
            groups = (
                Group("backends", backends.programs, starts_at_once=True),
                Group("app", board, starts_at_once=False),
            )
            supervisor = Supervisor(groups, folder=RUN, logs=LOGS, port=find_free_port(), password=credentials.supervisor_password)
            try:
                write_environment(SERVED, found)
                supervisor.start(environment, kept_open=(lock,))
                backends.wait_until_ready()
                _fill_database(environment, settings.demo_jobs)
                if "ELASTICSEARCH_URL" in backends.environment:
                    say("Bringing the search index up to date")
                    _flask(environment, "search", "prepare")
                supervisor.start_group("app")
                wait_until_ready(f"{addresses.api}/api/health/ready/", lambda: _failure(supervisor))
                _print_addresses(settings)
                _watch(supervisor)
            finally:
                signals.is_expected = True
                SERVED.unlink(missing_ok=True)
                _stop(supervisor, signals)


def _mail_catcher(settings: ServeSettings) -> MailCatcher:
    if not settings.catches_mail:
        return MailCatcher((), {})
    require_free("MAIL_PORT", settings.addresses.mail_port)
    folder = Path(settings.environment.get("MAIL_FOLDER") or VAR / "mail")
    return mail_catcher(ROOT, folder, settings.addresses, find_free_port())


def _fill_database(environment: dict[str, str], demo_jobs: int) -> None:
    say("Bringing the database up to date")
    _flask(environment, "db", "upgrade")
    if demo_jobs:
        _flask(environment, "demo", "load", "--jobs", str(demo_jobs), "--if-empty")


def _flask(environment: dict[str, str], *arguments: str) -> None:
    log = LOGS / "setup.log"
    with log.open("w") as output:
        status = run_step(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments], directory=ROOT, environment=environment, output=output, errors=output
        )
    if status != 0:
        raise StartError(f"`flask {' '.join(arguments)}` failed.\n{tail(log)}")


def _failure(supervisor: Supervisor) -> str | None:
    supervisor.report()
    if supervisor.given_up:
        name = supervisor.given_up[0]
        return f"{name} does not start.\n{tail(LOGS / f'{name}.log')}"
    return None if supervisor.is_running else f"The process manager ended.\n{tail(RUN / 'supervisord.log')}"


def _watch(supervisor: Supervisor) -> None:
    """Stay until interrupted, ending what crashed programs leave behind. Raises StartError when the supervisor itself ends."""
    while supervisor.is_running:
        supervisor.report()
        end_adopted(ours=supervisor.pids)
        time.sleep(1)
    raise StartError(f"The process manager ended.\n{tail(RUN / 'supervisord.log')}")


def _stop(supervisor: Supervisor, signals: StopSignals) -> None:
    if supervisor.is_running:
        say("Stopping (once more Ctrl-C: at once)")
    requests = signals.count
    deadline = time.monotonic() + _STOP_SECONDS
    supervisor.request_stop()
    while supervisor.is_running and time.monotonic() < deadline and signals.count == requests:
        supervisor.report()
        time.sleep(0.1)
    supervisor.report()


def _print_addresses(settings: ServeSettings) -> None:
    addresses = settings.addresses
    rows = [
        ("API", f"{addresses.api}/api/v1/"),
        ("Documentation", f"{addresses.api}/api/docs/"),
        ("Flower", f"{addresses.flower}/"),
        ("Search", "Elasticsearch" if settings.uses_elasticsearch else "PostgreSQL"),
        ("Logs", str(LOGS)),
    ]
    if settings.catches_mail:
        rows.append(("Mail", f"{addresses.mail}/"))
    if settings.demo_jobs:
        rows += [("Demo logins", "candidate@demo.com, recruiter@demo.com, admin@demo.com; password demo123")]
    say("\nThe board is ready. Ctrl-C stops it.\n")
    for name, value in rows:
        say(f"  {name:<14} {value}")
    say("")


if __name__ == "__main__":
    sys.exit(main())
