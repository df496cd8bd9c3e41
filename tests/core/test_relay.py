"""The relay against real commits: what is due goes out once, in order of rows, and comes back when the broker refuses."""

from datetime import timedelta

import pytest
from apiflask import APIFlask
from kombu.exceptions import OperationalError
from sqlalchemy import select

from app.core.outbox import Task, TaskState, enqueue
from app.core.relay import Relay
from app.core.unit_of_work import unit_of_work
from app.extensions import db


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


def accept(app: APIFlask, **values: timedelta) -> int:
    with app.app_context(), unit_of_work():
        return enqueue("mail.example", {}, **values)  # type: ignore[arg-type]


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
