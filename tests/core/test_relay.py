"""The relay against real commits: what is due goes out once, in order of rows, and comes back when the broker refuses."""

import threading
from datetime import timedelta

import psycopg
import pytest
from apiflask import APIFlask
from kombu.exceptions import OperationalError
from sqlalchemy import select, update

from app.core import relay as relaying
from app.core.outbox import Task, TaskState, enqueue, hasten
from app.core.relay import Relay
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.conftest import plain


class Broker:
    """Collects what is published; refuses everything after `capacity` messages."""

    def __init__(self, capacity: int = 1000) -> None:
        self.capacity = capacity
        self.published: list[tuple[str, int]] = []

    def publish(self, name: str, task_id: int) -> None:
        if len(self.published) >= self.capacity:
            raise OperationalError("the broker is full")
        self.published.append((name, task_id))


def relay_for(app: APIFlask, broker: Broker) -> Relay:
    return Relay(broker.publish, app.config["SQLALCHEMY_DATABASE_URI"])


def accept(app: APIFlask, name: str = "mail.example", **values: timedelta) -> int:
    with app.app_context(), unit_of_work():
        return enqueue(name, {}, **values)  # type: ignore[arg-type]


def states(app: APIFlask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Task.state).order_by(Task.id)))


def test_due_tasks_are_published_once_and_later_ones_wait(committed_app: APIFlask) -> None:
    first, second = accept(committed_app), accept(committed_app)
    accept(committed_app, delay=timedelta(hours=1))
    broker = Broker()
    relay = relay_for(committed_app, broker)

    with committed_app.app_context():
        counts = [relay.relay_batch(), relay.relay_batch()]

    assert counts == [2, 0]
    assert broker.published == [("mail.example", first), ("mail.example", second)]
    assert states(committed_app) == [TaskState.SENT, TaskState.SENT, TaskState.PENDING]


def test_what_is_hastened_is_due_at_once_and_wakes_the_relay(committed_app: APIFlask) -> None:
    delayed, _, failed = (accept(committed_app, delay=timedelta(hours=1)) for _ in range(3))
    broker = Broker()
    with committed_app.app_context(), psycopg.connect(plain(committed_app.config["SQLALCHEMY_DATABASE_URI"]), autocommit=True) as listener:
        with unit_of_work():
            db.session.execute(update(Task).where(Task.id == failed).values(attempts=1))
        listener.execute(f"LISTEN {relaying.CHANNEL}")

        with unit_of_work():
            hasten(Task.id.in_([delayed, failed]))

        assert [notice.payload for notice in listener.notifies(timeout=60, stop_after=1)] == ["mail.example"]
        relay_for(committed_app, broker).relay_batch()
    assert broker.published == [("mail.example", delayed)]


def test_what_the_broker_refuses_stays_due(committed_app: APIFlask) -> None:
    first, second, third = (accept(committed_app) for _ in range(3))
    broker = Broker(capacity=1)

    with committed_app.app_context(), pytest.raises(OperationalError):
        relay_for(committed_app, broker).relay_batch()
    broker.capacity = 1000
    with committed_app.app_context():
        relay_for(committed_app, broker).relay_batch()

    assert [task_id for _, task_id in broker.published] == [first, second, third]
    assert states(committed_app) == [TaskState.SENT] * 3


def test_a_lower_id_that_commits_late_is_not_skipped(committed_app: APIFlask) -> None:
    broker = Broker()
    relay = relay_for(committed_app, broker)
    with committed_app.app_context():
        slow = db.engine.connect()
        transaction = slow.begin()
        late = slow.execute(Task.__table__.insert().values(name="mail.late", args={}).returning(Task.id)).scalar_one()
        early = accept(committed_app)
        relay.relay_batch()
        transaction.commit()
        slow.close()

        relay.relay_batch()

    assert late < early
    assert [task_id for _, task_id in broker.published] == [early, late]


def test_two_relays_share_the_rows(committed_app: APIFlask) -> None:
    task_id = accept(committed_app)
    with committed_app.app_context():
        holder = db.engine.connect()
        with holder.begin():
            holder.execute(select(Task.id).where(Task.id == task_id).with_for_update())
            meanwhile = relay_for(committed_app, Broker()).relay_batch()
        holder.close()

    assert meanwhile == 0, "a row that another relay holds is left to it"


def test_what_follows_soon_is_gathered_and_other_names_are_not_held_up(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "GATHERED_FOR", {"mail.gathered": 3600})
    broker = Broker()
    relay = relay_for(committed_app, broker)

    counts = []
    for name in ("mail.gathered", "mail.gathered", "mail.example", "mail.gathered"):
        accept(committed_app, name)
        with committed_app.app_context():
            counts.append(relay.relay_batch())

    assert counts == [1, 0, 1, 0]
    assert [name for name, _ in broker.published] == ["mail.gathered", "mail.example"]
    with committed_app.app_context():
        assert relay_for(committed_app, broker).relay_batch() == 2, "what a relay has left to gather is there for another"


def test_very_many_are_not_held_up(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "GATHERED_FOR", {"mail.gathered": 3600})
    monkeypatch.setattr(relaying, "BATCH", 2)
    relay = relay_for(committed_app, Broker())
    for _ in range(5):
        accept(committed_app, "mail.gathered")

    with committed_app.app_context():
        counts = [relay.relay_batch() for _ in range(4)]

    assert counts == [2, 2, 1, 0]


def test_a_running_relay_sends_what_was_gathered_without_another_wake_up(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "GATHERED_FOR", {"mail.gathered": 0.1})
    monkeypatch.setattr(relaying, "POLL", timedelta(hours=1))
    accepted = [accept(committed_app, "mail.gathered")]
    published, both = [], threading.Event()

    def publish(name: str, task_id: int) -> None:
        published.append(task_id)
        if len(published) == 1:
            # Its wake-up comes while the name is being gathered.
            accepted.append(accept(committed_app, "mail.gathered"))
        else:
            relay.stopping.set()
            both.set()

    relay = Relay(publish, committed_app.config["SQLALCHEMY_DATABASE_URI"])

    def run() -> None:
        with committed_app.app_context():
            relay._listen_and_relay()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    arrived = both.wait(20)
    thread.join(20)

    assert (arrived, published) == (True, accepted)
    assert not thread.is_alive()
