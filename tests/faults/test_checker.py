"""The checker of bin/faults: it says what is missing and what is there too often, and is silent when all is well."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs import service as jobs
from app.messaging import service as messaging
from app.notifications.models import Notification
from app.payments import service as payments
from app.search import service as search
from faults.checker import Checker, Findings
from faults.history import History, Kind, Operation, Outcome
from faults.people import Pair, add_package, add_pairs
from tasks import notifications

Note = Callable[..., None]


@pytest.fixture
def pair(worker_app: APIFlask) -> Iterator[Pair]:
    """A recruiter and a candidate on a database with real commits, its application's context open."""
    [made] = add_pairs(worker_app, 1, resumes=0)
    with worker_app.app_context():
        yield made


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def note(history: History) -> Note:
    """Adds an operation that was accepted, unless told otherwise."""

    def add(kind: Kind, outcome: Outcome = Outcome.OK, **found: Any) -> None:
        history.add(Operation(kind, f"{len(history.operations)}", outcome, found))

    return add


@pytest.fixture
def check(worker_app: APIFlask, pair: Pair, history: History) -> Callable[[], Findings]:
    """What the checker finds."""
    since = db.session.scalar(select(func.clock_timestamp()))
    db.session.rollback()
    url = worker_app.config["DATABASE_URL"].replace("+psycopg", "", 1)
    return lambda: Checker(url, since, [pair], history).check()


def write(pair: Pair, text: str) -> None:
    """A message, with its task done."""
    with unit_of_work():
        sender = db.session.get_one(User, pair.candidate.id)
        messaging.post_message(sender, messaging.get_conversation(sender.id, pair.conversation_id), text)
    for task_id in db.session.scalars(select(Task.id).where(Task.name == "notifications.deliver", Task.state == TaskState.PENDING)).all():
        notifications.deliver(task_id)


def edit(pair: Pair, title: str) -> None:
    """An edit, with its copy in the index."""
    with unit_of_work():
        jobs.update(db.session.get_one(User, pair.recruiter.id), pair.job_id, {"title": title})
    with unit_of_work():
        search.reindex([pair.job_id])
        db.session.execute(update(Task).values(state=TaskState.DONE))


def order(pair: Pair, package_id: int) -> int:
    with unit_of_work():
        return payments.create_payment(db.session.get_one(User, pair.recruiter.id), package_id, "127.0.0.1").id


def test_what_took_effect_once_is_right(pair: Pair, note: Note, check: Callable[[], Findings]) -> None:
    write(pair, "một")
    edit(pair, "Một")
    note(Kind.MESSAGE, content="một")
    note(Kind.EDIT, job_id=pair.job_id, title="Một")

    findings = check()

    assert (findings.lost, findings.doubled) == ([], [])
    assert findings.work["tasks"] == 2


def test_what_was_accepted_and_is_not_there_is_lost(pair: Pair, note: Note, check: Callable[[], Findings]) -> None:
    edit(pair, "Một")
    note(Kind.MESSAGE, content="một")
    note(Kind.EDIT, job_id=pair.job_id, title="Một")
    note(Kind.EDIT, job_id=pair.job_id, title="Hai")
    note(Kind.PURCHASE, transaction_id=1)

    findings = check()

    effects = [f"0 times {effect} of transaction 1" for effect in ("groups", "grants", "receipts", "notifications")]
    assert findings.lost == [*effects, f"job {pair.job_id} has 1 of 2 edits, its title is Một", "0 times một"]
    assert findings.doubled == []


def test_what_is_there_twice_is_doubled(worker_app: APIFlask, pair: Pair, note: Note, check: Callable[[], Findings]) -> None:
    package_id = add_package(worker_app)
    write(pair, "một")
    write(pair, "một")
    edit(pair, "Một")
    edit(pair, "Hai")
    first, second = order(pair, package_id), order(pair, package_id)
    note(Kind.MESSAGE, content="một")
    note(Kind.EDIT, job_id=pair.job_id, title="Hai")
    note(Kind.PURCHASE, Outcome.UNKNOWN, transaction_id=first)

    findings = check()

    assert second != first
    assert findings.lost == []
    assert findings.doubled == [
        "1 transactions that no answer names, with 0 orders of unknown outcome",
        f"job {pair.job_id} has 2 versions of 1 edits",
        "2 times một",
    ]


def test_what_nobody_knows_may_be_there_or_not(worker_app: APIFlask, pair: Pair, note: Note, check: Callable[[], Findings]) -> None:
    order(pair, add_package(worker_app))
    write(pair, "một")
    note(Kind.PURCHASE, Outcome.UNKNOWN)
    note(Kind.MESSAGE, Outcome.UNKNOWN, content="một")
    note(Kind.MESSAGE, Outcome.UNKNOWN, content="hai")

    findings = check()

    assert (findings.lost, findings.doubled) == ([], [])


def test_an_effect_that_is_missing_behind_a_message_is_found(pair: Pair, note: Note, check: Callable[[], Findings]) -> None:
    write(pair, "một")
    note(Kind.MESSAGE, content="một")
    with unit_of_work():
        db.session.delete(db.session.scalars(select(Notification)).one())
        db.session.execute(update(Task).values(state=TaskState.DEAD))

    findings = check()

    assert findings.lost == ["1 tasks notifications.deliver are DEAD", "0 times the notification of một"]
