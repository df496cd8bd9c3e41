"""A private Elasticsearch: one node in one folder, reached over loopback HTTP by one user with a password."""

import base64
import hashlib
import os
import secrets
import shutil
import time
import urllib.request
from pathlib import Path

from embedded import elasticsearch_files
from embedded.account import Account
from embedded.ports import LOOPBACK
from embedded.processes import end_all, processes_in
from embedded.programs import Program

NAME = "jobboard"
_HEAP = "512m"
# The security module reads such a hash as `{PBKDF2}rounds$salt$hash`; its own command line would start a JVM for it.
_ROUNDS = 10_000
# They name folders that are not ours to write.
_UNWANTED_OPTIONS = ("-Xlog:", "-XX:+HeapDump", "-XX:HeapDump", "-XX:ErrorFile")
_SHIPPED = ("log4j2.properties", "jvm.options")


class ElasticsearchNode:
    """The node whose files are in `home`; `java` is the home of the Java that runs it, `archive` has its distribution."""

    def __init__(self, home: Path, archive: Path, java: Path, account: Account, port: int, transport_port: int) -> None:
        self._home = home
        self._archive = archive
        self._java = java
        self._account = account
        self._port = port
        self._transport_port = transport_port
        self._files = home / f"elasticsearch-{elasticsearch_files.VERSION}"
        self._configuration = home / "config"
        self._password = ""

    @property
    def url(self) -> str:
        """For ELASTICSEARCH_URL."""
        return f"http://{NAME}:{self._password}@{LOOPBACK}:{self._port}"

    @property
    def program(self) -> Program:
        """The node. SIGTERM writes what is due and ends."""
        variables = {
            "PATH": os.defpath,
            "LC_ALL": "C",
            "ES_JAVA_HOME": str(self._java),
            "ES_JAVA_OPTS": f"-Xms{_HEAP} -Xmx{_HEAP}",
            "ES_PATH_CONF": str(self._configuration),
            "ES_TMPDIR": str(self._home / "tmp"),
        }
        # The environment is emptied: the borrowed account's other processes could read it, and it holds our secrets.
        command = ("env", "-i", *(f"{name}={value}" for name, value in variables.items()), *self._account.prefix())
        return Program("elasticsearch", (*command, str(self._files / "bin" / "elasticsearch")), self._files, stop_seconds=10)

    def prepare(self) -> None:
        """Lay out the files, end a node that outlived an unclean end, and write the configuration."""
        elasticsearch_files.unpack(self._archive, self._files)
        # The node works in the folder of its files, so it is known by that.
        end_all(processes_in(self._files))
        for name in ("config", "data", "logs", "tmp"):
            self._account.own(self._home / name)
        self._password = self._kept_password()
        self._configure()

    def wait_until_ready(self, seconds: float) -> None:
        """Return when the node answers and has its shards. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Elasticsearch did not answer within {seconds:.0f} s; its log is elasticsearch.log.")
            time.sleep(0.25)

    def is_ready(self) -> bool:
        """Whether the node answers, and has its shards."""
        address = f"http://{LOOPBACK}:{self._port}/_cluster/health?wait_for_status=yellow&timeout=1s"
        login = base64.b64encode(f"{NAME}:{self._password}".encode()).decode()
        request = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})
        # Whatever proxy the environment names is for the world outside.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5):
                return True
        except OSError:
            # Not listening yet, or not ready to say more than an error.
            return False

    def _kept_password(self) -> str:
        """The same after every start, so that an address that was noted stays true."""
        file = self._home / "password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(32))
        return file.read_text()

    def _configure(self) -> None:
        for name in _SHIPPED:
            shutil.copy(self._files / "config" / name, self._configuration / name)
        options = self._configuration / "jvm.options"
        lines = options.read_text().splitlines(keepends=True)
        options.write_text("".join(line for line in lines if not line.startswith(_UNWANTED_OPTIONS)))
        settings = {
            "cluster.name": NAME,
            "discovery.type": "single-node",
            "network.host": LOOPBACK,
            "http.port": self._port,
            "transport.port": self._transport_port,
            "path.data": self._home / "data",
            "path.logs": self._home / "logs",
            "action.auto_create_index": "false",
            # A development machine's disk may be nearly full; the node would then refuse every write.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "xpack.security.enabled": "true",
            "xpack.security.enrollment.enabled": "false",
            "xpack.security.http.ssl.enabled": "false",
            "xpack.security.transport.ssl.enabled": "false",
        }
        (self._configuration / "elasticsearch.yml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        (self._configuration / "users").write_text(f"{NAME}:{_hash(self._password)}\n")
        (self._configuration / "users_roles").write_text(f"superuser:{NAME}\n")


def _hash(password: str) -> str:
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, 32)
    return f"{{PBKDF2}}{_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
