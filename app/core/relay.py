"""The relay: publishes committed tasks to the broker. Any number of copies may run; each row is published by one at a time.

A message may go out twice or, when a relay dies, late: a worker's claim makes the second harmless, the sweeper sends the late one.
"""

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import psycopg
import structlog
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from app.core.clock import statement_time
from app.core.lease_batches import GATHERED_FOR, messages_to_send
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db

log = structlog.get_logger()

CHANNEL = "tasks"
BATCH = 200
POLL = timedelta(seconds=1)
LONGEST_PAUSE = 5.0


class Relay:
    """`publish(name, task_id)` puts one message on the queue of `name`; `stopping` is set once the relay shall end."""

    def __init__(self, publish: Callable[[str, int], None], database_url: str) -> None:
        self._publish = publish
        self._listen_url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self.stopping = threading.Event()
        # Until when, by the monotonic clock, tasks of a name are left to gather.
        self._gathering: dict[str, float] = {}

    def run(self) -> None:
        """Relay until SIGTERM or SIGINT. Outages of the database or the broker are waited out."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        pause = 0.0
        while not self.stopping.is_set():
            try:
                self._listen_and_relay()
                pause = 0.0
            except (psycopg.Error, DBAPIError, BrokerError, RedisError, OSError) as error:
                pause = min(LONGEST_PAUSE, pause * 2 or 0.25)
                log.warning("relay_paused", error=str(error).split("\n", 1)[0], seconds=pause)
                self.stopping.wait(pause)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _listen_and_relay(self) -> None:
        with psycopg.connect(self._listen_url, autocommit=True, connect_timeout=3) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            log.info("relay_listening")
            while not self.stopping.is_set():
                while self.relay_batch() == BATCH:
                    pass
                self._wait(connection)

    def _wait(self, connection: psycopg.Connection) -> None:
        """Until a task has come of a name that is not gathered, the first gathering ends, or the poll is due."""
        until = min([time.monotonic() + POLL.total_seconds(), *self._gathering.values()])
        while (left := until - time.monotonic()) > 0:
            for notice in connection.notifies(timeout=left, stop_after=1):
                if notice.payload not in self._gathering:
                    return

    def relay_batch(self) -> int:
        """Mark the tasks that are due as sent, publish their messages, and return how many tasks.

        Marking first keeps row locks short while the broker hangs. Raises what the broker raises, after the unpublished ones are
        due again; a relay that dies in between leaves them to the sweeper.
        """
        self._gathering = {name: until for name, until in self._gathering.items() if until > time.monotonic()}
        with unit_of_work():
            due = self._take_due()
        if len(due) < BATCH:
            # Nothing else is due: what comes within the next moment goes together.
            self._gathering |= {name: time.monotonic() + GATHERED_FOR[name] for _, name, _ in due if name in GATHERED_FOR}
        rows = messages_to_send(due)
        published = 0
        try:
            for task_id, name in rows:
                self._publish(name, task_id)
                published += 1
        finally:
            self._put_back([task_id for task_id, _ in rows[published:]])
        return len(due)

    def _take_due(self) -> list[tuple[int, str, int]]:
        due = (
            select(Task.id)
            .where(Task.state == TaskState.PENDING, Task.run_after <= statement_time(), Task.name.not_in(list(self._gathering)))
            .order_by(Task.run_after, Task.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        sent = {"state": TaskState.SENT, "sent_at": func.clock_timestamp(), "send_count": Task.send_count + 1}
        changed = db.session.execute(update(Task).where(Task.id.in_(due)).values(sent).returning(Task.id, Task.name, Task.send_count))
        return sorted((row.id, row.name, row.send_count) for row in changed)

    def _put_back(self, task_ids: list[int]) -> None:
        if task_ids:
            with unit_of_work():
                db.session.execute(update(Task).where(Task.id.in_(task_ids), Task.state == TaskState.SENT).values(state=TaskState.PENDING))
