"""Numbers without gaps: parallel tasks, attempts that die, the turn of the year; and settlements that never wait for them."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.core.clock import MARKET_ZONE, now
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import settlement
from app.payments.models import GatewayEvent, Transaction, TransactionStatus
from app.payments.receipts import issuing, numbering, upkeep
from app.payments.receipts.models import Receipt, ReceiptCounter, Series
from tasks.receipts import issue_credit_note, issue_receipt
from tests.payments.builders import add_package, buy, buyer, call_ipn, notice
from tests.payments.receipt_builders import paid, refunded

YEAR = now().astimezone(MARKET_ZONE).year


class Crash(BaseException):
    """The process dies here."""


def task_ids(name: str) -> list[int]:
    return list(db.session.scalars(select(Task.id).where(Task.name == name).order_by(Task.id)))


def serials(series: Series = Series.RECEIPT) -> list[int]:
    return list(db.session.scalars(select(Receipt.serial).where(Receipt.series == series).order_by(Receipt.issued_at)))


def let_leases_run_out() -> None:
    with unit_of_work():
        db.session.execute(update(Task).where(Task.state == TaskState.RUNNING).values(lease_until=text("clock_timestamp() - interval '1 s'")))


def test_parallel_tasks_and_dying_attempts_leave_no_gap(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    with worker_app.app_context():
        paid(40)
        tasks = task_ids(issuing.ISSUE_RECEIPT)
    doomed = set(random.Random(7).sample(tasks, 15))
    attempts = threading.Lock()
    original = issuing.request_print
    dying = threading.local()

    def die_after_taking_a_number(receipt: Receipt, owner_id: int) -> None:
        original(receipt, owner_id)
        db.session.flush()
        if dying.now:
            raise Crash

    monkeypatch.setattr(issuing, "request_print", die_after_taking_a_number)

    def work(task_id: int) -> bool:
        with attempts:
            dying.now = task_id in doomed
            doomed.discard(task_id)
        try:
            issue_receipt(task_id)
        except Crash:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        survived = list(pool.map(work, tasks))
    with worker_app.app_context():
        after_crashes = serials()
        let_leases_run_out()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, tasks + tasks))

    assert survived.count(False) == 15
    assert after_crashes == list(range(1, 26))
    with worker_app.app_context():
        assert serials() == list(range(1, 41))
        assert len(task_ids(issuing.PRINT)) == 40
        assert {task.state for task in db.session.scalars(select(Task).where(Task.name == issuing.ISSUE_RECEIPT))} == {TaskState.DONE}
        assert upkeep.find_faults() == []


def test_a_process_that_is_gone_takes_its_number_back(worker_app: APIFlask) -> None:
    program = (
        "import os, sys\n"
        "from app import create_app\n"
        "from config import load_settings\n"
        "from app.extensions import db\n"
        "from app.payments.receipts import issuing\n"
        "with create_app(load_settings()).app_context():\n"
        "    print(issuing.issue_receipt(int(sys.argv[1])).serial, flush=True)\n"
        "    os._exit(9)\n"
    )
    with worker_app.app_context():
        first, second = paid(2)
        url = worker_app.extensions["settings"].database_url.replace("postgresql+psycopg", "postgresql")
    settings = {**os.environ, "DATABASE_URL": url, "ENVIRONMENT": "development"}

    died = subprocess.run([sys.executable, "-c", program, str(first)], env=settings, capture_output=True, text=True, check=False)

    assert (died.returncode, died.stdout) == (9, "1\n"), died.stderr
    with worker_app.app_context(), unit_of_work():
        assert issuing.issue_receipt(second).serial == 1
        assert issuing.issue_receipt(first).serial == 2


def test_a_settlement_does_not_wait_for_the_line(worker_app: APIFlask) -> None:
    with worker_app.app_context():
        transaction = buy(buyer(), add_package())
        transaction_id, fields = transaction.id, notice(transaction)
        paid(1)
        issue_receipt(task_ids(issuing.ISSUE_RECEIPT)[0])
    call_ipn(worker_app.test_client(), fields)

    def settle() -> None:
        with worker_app.app_context(), unit_of_work():
            db.session.execute(text("SET LOCAL lock_timeout = '5s'"))
            settlement.apply_events([db.session.scalars(select(GatewayEvent.id)).one()])

    with worker_app.app_context(), db.engine.connect() as holder:
        holder.execute(text("SELECT last FROM receipt_counters FOR UPDATE"))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(settle).result(20)
        holder.rollback()

    with worker_app.app_context():
        assert db.session.get_one(Transaction, transaction_id).status == TransactionStatus.SUCCESS
        assert [task.args for task in db.session.scalars(select(Task).where(Task.name == issuing.ISSUE_RECEIPT))][-1] == {
            "transaction_id": transaction_id
        }


def test_a_credit_note_asked_for_first_brings_its_receipt_along(worker_app: APIFlask) -> None:
    with worker_app.app_context():
        [transaction_id] = paid(1)
        refunded(transaction_id)
        [receipt_task], [note_task] = task_ids(issuing.ISSUE_RECEIPT), task_ids(issuing.ISSUE_CREDIT_NOTE)

    for _ in range(2):
        issue_credit_note(note_task)
        issue_receipt(receipt_task)

    with worker_app.app_context():
        receipt, note = db.session.scalars(select(Receipt).order_by(Receipt.id)).all()
        assert (receipt.number, receipt.content["amount"], receipt.content["correction"]) == (f"RC{YEAR}-000001", 1_500_000, None)
        assert (note.number, note.content["amount"], note.content["payment_no"]) == (f"CN{YEAR}-000001", 500_000, "R-1")
        assert note.content["correction"] == {
            "receipt_number": f"RC{YEAR}-000001",
            "paid": 1_500_000,
            "reason": "Mua nhầm",
            "credits_taken": 3,
            "cancels": "",
        }
        assert len(task_ids(issuing.PRINT)) == 2


def test_whoever_gets_the_turn_after_midnight_tries_again_in_the_new_year(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "now", lambda: datetime(YEAR - 1, 12, 31, 16, 59, 59, tzinfo=UTC))
    with worker_app.app_context():
        paid(1)
        [task_id] = task_ids(issuing.ISSUE_RECEIPT)

    issue_receipt(task_id)

    with worker_app.app_context():
        task = db.session.get_one(Task, task_id)
        assert (task.state, task.error) == (TaskState.PENDING, f"The year {YEAR - 1} is over in the market's time zone.")
        assert serials() == []
        assert db.session.scalars(select(ReceiptCounter)).all() == []


def test_each_year_begins_with_one(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    # 17:00 UTC is midnight in the market's time zone.
    turns = iter([datetime(2027, 12, 31, 16, 59, tzinfo=UTC), datetime(2027, 12, 31, 17, 0, tzinfo=UTC)])
    monkeypatch.setattr(numbering, "now", lambda: next(turns))

    years = [numbering.stand_in_line(Series.RECEIPT) for _ in range(2)]

    assert years == [2027, 2028]
    assert [tuple(row) for row in db.session.execute(select(ReceiptCounter.year, ReceiptCounter.last).order_by(ReceiptCounter.year))] == [
        (2027, 0),
        (2028, 0),
    ]


@pytest.mark.parametrize(
    "change",
    ["UPDATE receipts SET serial = 9", "UPDATE receipts SET content = '{}'", "DELETE FROM receipts", "TRUNCATE receipts"],
)
def test_nobody_changes_or_removes_what_was_issued(app: APIFlask, change: str) -> None:
    [transaction_id] = paid(1)
    issuing.issue_receipt(transaction_id)
    db.session.commit()

    with pytest.raises(DBAPIError), db.session.begin_nested():
        db.session.execute(text(change))

    assert serials() == [1]


def test_a_payment_that_never_came_has_no_receipt(app: APIFlask) -> None:
    transaction = buy()

    with pytest.raises(ValueError, match="was not paid"):
        issuing.issue_receipt(transaction.id)

    assert serials() == []


def test_the_check_finds_a_counter_that_ran_ahead(app: APIFlask) -> None:
    [transaction_id] = paid(1)
    issuing.issue_receipt(transaction_id)
    before = upkeep.find_faults()

    db.session.execute(update(ReceiptCounter).values(last=3))

    assert before == []
    assert upkeep.find_faults() == [f"RC{YEAR}-000003 is the last number given, but there are 1 documents up to 1."]


def test_the_commands_check_and_ask_for_what_is_missing(app: APIFlask) -> None:
    issued, unissued = paid(2)
    issuing.issue_receipt(issued)
    refund_id = refunded(issued)
    db.session.execute(text("DELETE FROM tasks"))
    db.session.commit()

    commands = [["receipts", "check"], ["receipts", "make-missing"], ["receipts", "make-missing"]]
    answers = [app.test_cli_runner().invoke(args=command).output for command in commands]

    assert answers == ["No number is missing.\n", "3 document(s) asked for.\n", "3 document(s) asked for.\n"]
    assert {(task.name, *task.args.items()) for task in db.session.scalars(select(Task))} == {
        (issuing.ISSUE_RECEIPT, ("transaction_id", unissued)),
        (issuing.ISSUE_CREDIT_NOTE, ("refund_id", refund_id)),
        (issuing.PRINT, ("receipt_id", db.session.scalars(select(Receipt.id)).one())),
    }


def test_what_is_missing_is_asked_for_so_many_at_a_time(app: APIFlask, count_queries: Callable[[], Any]) -> None:
    for transaction_id in paid(5):
        issuing.issue_receipt(transaction_id)
    db.session.execute(text("DELETE FROM tasks"))
    db.session.commit()

    with count_queries() as at_once:
        assert list(upkeep.request_missing()) == [5]
    db.session.execute(text("DELETE FROM tasks"))
    with count_queries() as in_steps:
        assert list(upkeep.request_missing(limit=2)) == [2, 2, 1]

    # Four searches that find nothing (more); and of each step its search, its buyers and its tasks.
    assert (len(at_once), len(in_steps)) == (4 + 3, 4 + 3 * 3)
    assert len(task_ids(issuing.PRINT)) == 5
