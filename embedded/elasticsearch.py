"""Elasticsearch for a checkout that has none: where its files may lie, and that one command has them at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded import elasticsearch_files, java
from embedded.account import Account
from embedded.elasticsearch_node import ElasticsearchNode
from embedded.installation import public_folders, remove_noted_copy
from embedded.messages import StartError

ARCHIVES = Path(__file__).resolve().parent.parent / "var" / "download"
READY_SECONDS = 180
"""A start takes 7 s on an idle machine; one that starts a database and a dozen processes at once takes its time."""


@contextmanager
def private_node(home: Path, port: int, transport_port: int) -> Iterator[ElasticsearchNode]:
    """A node with its files in `home`, ready to be run; what it needs is obtained first. Raises StartError.

    As root, where the other account cannot walk to `home`, the files are in a folder that everyone can walk to; see `remove_elsewhere`.
    """
    account = Account.current()
    runtime = java.ensure(account)
    archive = elasticsearch_files.obtain(ARCHIVES)
    account.own(home)
    with _alone(home):
        node = ElasticsearchNode(_place(home, account), archive, runtime, account, port, transport_port)
        node.prepare()
        yield node


def remove_elsewhere(home: Path) -> None:
    """Remove the files that could not be in `home` itself."""
    remove_noted_copy(home / "elsewhere")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with os.fdopen(os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                f"Elasticsearch already runs in {home}. Stop the bin/serve or bin/elasticsearch behind it, or set ELASTICSEARCH_URL to its address."
            ) from error
        yield


def _place(home: Path, account: Account) -> Path:
    if account.can_reach(home):
        return home
    note = home / "elsewhere"
    if note.exists() and account.can_reach(Path(note.read_text())):
        return Path(note.read_text())
    remove_noted_copy(note)
    for folder in public_folders("elasticsearch", note):
        account.own(folder)
        if account.can_reach(folder):
            return folder
    raise StartError("No folder was found from which Elasticsearch could be run as nobody. Start as an ordinary user, or set ELASTICSEARCH_URL.")
