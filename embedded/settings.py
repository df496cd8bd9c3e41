"""What bin/serve takes from the environment and from `.env`, and what it gives to the processes it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from dotenv import dotenv_values

from embedded.app_programs import Addresses
from embedded.messages import StartError
from embedded.ports import LOOPBACK, parse_port

_DEMO_JOBS = "300"
_ENGINES = ("postgresql", "elasticsearch")


def merged_environment(root: Path, process_environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of `.env` in the checkout, and those of the process, which win."""
    from_file = {name: value for name, value in dotenv_values(root / ".env").items() if value is not None}
    return {**from_file, **process_environment}


@dataclass(frozen=True)
class ServeSettings:
    """`demo_jobs` is how many jobs an empty database is filled with (0: none). `environment` has the variables of `.env` too."""

    addresses: Addresses
    demo_jobs: int
    environment: dict[str, str]
    process_environment: dict[str, str]

    @classmethod
    def read(cls, root: Path, process_environment: Mapping[str, str]) -> "ServeSettings":
        """Raises StartError for a value that cannot be used."""
        environment = merged_environment(root, process_environment)
        addresses = Addresses(
            host=environment.get("HOST") or LOOPBACK,
            port=parse_port("PORT", environment.get("PORT") or "8000"),
            flower_port=parse_port("FLOWER_PORT", environment.get("FLOWER_PORT") or "5555"),
            mail_port=parse_port("MAIL_PORT", environment.get("MAIL_PORT") or "8025"),
        )
        _require_different({"PORT": addresses.port, "FLOWER_PORT": addresses.flower_port, "MAIL_PORT": addresses.mail_port})
        demo_jobs = environment.get("DEMO_JOBS") or _DEMO_JOBS
        if not (demo_jobs.isascii() and demo_jobs.isdigit()):
            raise StartError(f"DEMO_JOBS={demo_jobs} is not a number.")
        if (engine := environment.get("SEARCH") or "postgresql") not in _ENGINES:
            raise StartError(f"SEARCH={engine} is no search engine: it must be postgresql or elasticsearch.")
        return cls(addresses, int(demo_jobs), environment, dict(process_environment))

    @property
    def catches_mail(self) -> bool:
        """Whether mail goes to the catcher, since no server for it is named."""
        return not self.environment.get("SMTP_URL")

    @property
    def uses_elasticsearch(self) -> bool:
        """Whether searches go to Elasticsearch, private or named, rather than to PostgreSQL."""
        return self.environment.get("SEARCH") == "elasticsearch" or bool(self.environment.get("ELASTICSEARCH_URL"))

    def for_processes(self, var: Path, secret_key: str, backends: Mapping[str, str]) -> dict[str, str]:
        """The environment of everything that is started: what was set, the private back ends, and defaults for what is missing.

        What `.env` says is left to the processes to read, so that a reload takes its changes.
        """
        ports = {"PORT": str(self.addresses.port), "FLOWER_PORT": str(self.addresses.flower_port)}
        return {**self.process_environment, **self.missing(var, secret_key, backends), **ports}

    def missing(self, var: Path, secret_key: str, backends: Mapping[str, str]) -> dict[str, str]:
        """The private back ends, and defaults for what neither the environment nor `.env` says."""
        defaults = {
            "SECRET_KEY": secret_key,
            "PUBLIC_URL": self.addresses.api,
            "FRONTEND_URL": self.addresses.api,
            "STORAGE_URL": f"file://{var / 'storage'}",
            # Logs are written line by line.
            "PYTHONUNBUFFERED": "1",
        }
        return {name: value for name, value in {**defaults, **backends}.items() if not self.environment.get(name)}


def _require_different(ports: Mapping[str, int]) -> None:
    """Raises StartError when two variables name one port."""
    for first, second in combinations(ports, 2):
        if ports[first] == ports[second]:
            raise StartError(f"{first} and {second} are both {ports[first]}: choose two different ports.")
