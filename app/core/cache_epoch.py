"""The age of the cache, kept in PostgreSQL: how a cache that could not be told of a change is left behind by every process.

Each cached value carries the epoch in which it was loaded, and a process serves it only while it knows, by asking PostgreSQL at most
`LEASE` seconds ago, that this epoch still is. A writer whose invalidation did not reach Redis starts the next epoch and waits for
`LEASE`: from then on no process anywhere serves an older value, whenever Redis comes back. The reasons are in
docs/adr/0005-cache-epoch.md.
"""

import threading
import time
from typing import Protocol

import structlog
from flask import current_app
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

log = structlog.get_logger()

LEASE = 0.75
RENEW_EVERY = 0.25
PATIENCE = 3.0
TAG_BYTES = 8

# A sequence takes effect at once, outside of transactions, and never goes back.
_READ = text("SELECT last_value FROM cache_epoch")
_NEXT = text("SELECT nextval('cache_epoch')")


class Epoch(Protocol):
    """What the cache asks: the present epoch as a tag of eight bytes, and the start of the next one."""

    def tag(self) -> bytes | None:
        """The epoch that may be trusted now; None when it cannot be known in time, so that the cache must be passed by."""

    def known(self) -> bytes | None:
        """The same without asking: None when the last answer is too old."""

    def advance(self) -> None:
        """Begin the next epoch; on return no process trusts an earlier one."""


class DatabaseEpoch:
    """The epoch in the sequence `cache_epoch`. Needs an application context."""

    def __init__(self) -> None:
        self._tag = b""
        self._trusted_until = 0.0
        self._in_use = False
        self._asking = threading.Lock()

    def tag(self) -> bytes | None:
        """The epoch, known for at most `LEASE` seconds; asks PostgreSQL only when nobody renewed it meanwhile."""
        known = self.known()
        if known is not None:
            return known
        if not self._asking.acquire(timeout=PATIENCE):
            return None
        try:
            if time.monotonic() >= self._trusted_until:
                self._ask()
            return self._tag or None
        finally:
            self._asking.release()

    def known(self) -> bytes | None:
        """The epoch if its lease still runs."""
        self._in_use = True
        return (self._tag or None) if time.monotonic() < self._trusted_until else None

    def renew(self) -> None:
        """Ask ahead of time, for the background thread; an idle process leaves the database alone."""
        if self._in_use:
            self._in_use = False
            with self._asking:
                self._ask()

    def advance(self) -> None:
        """Begin the next epoch and wait until no process trusts an earlier one."""
        try:
            self._execute(_NEXT)
        except SQLAlchemyError as error:
            # Both back ends failed between a commit and its answer; the job's search task invalidates once they are back.
            log.error("cache_epoch_not_advanced", error=str(error).splitlines()[0])
        self._trusted_until = 0.0
        time.sleep(LEASE)

    def _ask(self) -> None:
        asked_at = time.monotonic()
        try:
            self._tag = self._execute(_READ).to_bytes(TAG_BYTES, "big")
        except DBAPIError as error:
            # A database that is away takes no writes, so what is cached stays true: it is served as long as it lasts.
            log.warning("cache_epoch_unknown", error=str(error).splitlines()[0])
        self._trusted_until = asked_at + LEASE

    def _execute(self, statement: TextClause) -> int:
        engine = current_app.extensions["sqlalchemy"].engine
        with Session(engine, join_transaction_mode="create_savepoint") as session:
            number = session.execute(statement).scalar_one()
            session.commit()
        return int(number)
