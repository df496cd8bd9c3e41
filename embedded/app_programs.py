"""The processes of the board itself: the web server, the relay, one worker for each queue, the scheduler and Flower."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from embedded.ports import LOOPBACK, find_free_port
from embedded.programs import Program, tied_to_parent

# Queue -> processes. A worker's own concurrency is the only cap Celery has. Searching has one for each engine, so that neither waits for the other.
WORKERS = {"pdf": 2, "search": 2, "payments": 2, "default": 4, "maintenance": 1}
_API_WORKERS = 2
_API_THREADS = 16

# All end together, and the back ends after them, well within the 25 s that a stop may take. A worker gives its running tasks 8 s
# (`worker_soft_shutdown_timeout`) before it hands them back to the queue.
_STOP_SECONDS = 12
# Celery's plain SIGTERM waits for running tasks without bound; its SIGQUIT is the one with the soft shutdown.
_WORKER_ENVIRONMENT = {"REMAP_SIGTERM": "SIGQUIT"}


@dataclass(frozen=True)
class Addresses:
    """Where the board and Flower listen; with `api_port` the API itself listens there, on the loopback interface, behind a proxy."""

    host: str
    port: int
    flower_port: int
    mail_port: int = 8025
    api_port: int | None = None
    streams_port: int | None = None

    def behind_a_proxy(self) -> "Addresses":
        """The same board, with private ports for the API and the event streams."""
        api_port = find_free_port()
        return replace(self, api_port=api_port, streams_port=find_free_port([api_port]))

    @property
    def api(self) -> str:
        """The API's address as seen from this machine, without a slash at the end."""
        is_everywhere = self.host == "0.0.0.0"  # noqa: S104  It is compared, not bound.
        return f"http://{LOOPBACK if is_everywhere else self.host}:{self.port}"

    @property
    def flower(self) -> str:
        """Flower's address; it listens on the loopback interface only."""
        return f"http://{LOOPBACK}:{self.flower_port}"

    @property
    def mail(self) -> str:
        """The address of the page of caught mails; it listens on the loopback interface only."""
        return f"http://{LOOPBACK}:{self.mail_port}"


@dataclass(frozen=True)
class MailCatcher:
    """What catches the mail, if anything, and the variables that lead to it."""

    programs: tuple[Program, ...]
    environment: Mapping[str, str]


def app_programs(root: Path, var: Path, addresses: Addresses, environment: Mapping[str, str]) -> list[Program]:
    """Every process of the board, to be run in the checkout `root` with its files in `var`."""
    concurrency = {**WORKERS, "pdf": int(environment.get("PDF_CONCURRENCY") or WORKERS["pdf"])}
    celery = ("celery", "-A", "celery_worker")
    beat = (*celery, "beat", "--schedule", str(var / "run" / "celerybeat-schedule"), "--pidfile=", "--loglevel=INFO")
    # Whoever is on this machine may look; only who knows the password may act.
    login = environment.get("FLOWER_BASIC_AUTH")
    permission = () if login else ("--read-only",)
    flower = (*celery, "flower", f"--address={LOOPBACK}", f"--port={addresses.flower_port}", *permission)
    return [
        _program(root, "api", _api_command(addresses), _api_environment(addresses, environment)),
        _program(root, "relay", ("flask", "--app", "wsgi", "outbox", "relay")),
        *(_program(root, f"worker-{queue}", _worker_command(queue, count), _WORKER_ENVIRONMENT) for queue, count in concurrency.items()),
        _program(root, "beat", beat),
        _program(root, "flower", flower, {"FLOWER_BASIC_AUTH": login} if login else None),
    ]


def mail_catcher(root: Path, folder: Path, addresses: Addresses, smtp_port: int) -> MailCatcher:
    """The server that takes all mail in development and shows it."""
    ports = ("--smtp-port", str(smtp_port), "--page-port", str(addresses.mail_port))
    program = _program(root, "mail-catcher", ("embedded.catcher", *ports, "--folder", str(folder)))
    return MailCatcher((program,), {"SMTP_URL": f"smtp://{LOOPBACK}:{smtp_port}"})


def _api_command(addresses: Addresses) -> tuple[str, ...]:
    host, port = (LOOPBACK, addresses.api_port) if addresses.api_port else (addresses.host, addresses.port)
    listen = ("--host", host, "--port", str(port))
    size = ("--workers", str(_API_WORKERS), "--blocking-threads", str(_API_THREADS))
    # A reload ends an old process so many seconds after it has started the new one, which may need as long to load on a busy machine.
    reload = ("--respawn-interval", "15", "--workers-kill-timeout", "10")
    return ("granian", "--interface", "wsgi", *listen, *size, "--respawn-failed-workers", *reload, "wsgi:app")


def _api_environment(addresses: Addresses, environment: Mapping[str, str]) -> dict[str, str]:
    """Our own proxy is one more that stands in front."""
    return {"TRUSTED_PROXIES": str(int(environment.get("TRUSTED_PROXIES") or 0) + 1)} if addresses.api_port else {}


def _worker_command(queue: str, concurrency: int) -> tuple[str, ...]:
    # Workers of different queues have nothing to tell each other, at the start (mingle) or later (gossip).
    quiet = ("--without-mingle", "--without-gossip", "--loglevel=INFO")
    return ("celery", "-A", "celery_worker", "worker", "-Q", queue, "-c", str(concurrency), "-n", f"{queue}@%h", *quiet)


def _program(root: Path, name: str, command: tuple[str, ...], environment: Mapping[str, str] | None = None) -> Program:
    # `-m` rather than the installed script, whose first line cannot name an interpreter by a long path.
    return Program(name, (*tied_to_parent(), sys.executable, "-m", *command), root, stop_seconds=_STOP_SECONDS, environment=environment or {})
