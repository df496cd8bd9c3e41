"""What is done over whole tables is done by an index, in slices, or without a time limit: by plans and numbers of rows, however large they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask_migrate import upgrade
from sqlalchemy import event, select, text

from app.accounts import sessions
from app.accounts.models import RefreshToken, TokenFamily
from app.alerts import editions
from app.core import file_purge, idempotency_keys, outbox
from app.core.clock import now
from app.core.outbox import Task, TaskState
from app.core.relay import Relay
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.ops import metrics
from app.payments import earnings, inbox, ledger, ledger_check, reconciliation, settlement
from app.payments.inbox import Message
from app.payments.models import Provider, TransactionStatus, Verdict
from tasks import maintenance
from tests.factories import CandidateFactory
from tests.payments.builders import add_package, buy, buyer
from tests.plans import looked_up_by, plans_of, read_as_a_whole, time_limits_of

# So many that no planner reads them all for a few of them.
MANY = 5000
WAITING_TASKS = """
INSERT INTO tasks (name, args, state, run_after, created_at, finished_at)
SELECT 'mail.example', '{}', :state, now() + :due * interval '1 hour', now(), now()
FROM generate_series(1, :many)
"""
KEYS = """
INSERT INTO idempotency_keys (user_id, route, key, fingerprint, locked_until, status, expires_at)
SELECT :user, 'r', n, '', now(), 200, now() + interval '1 hour' FROM generate_series(1, :many) n
"""
STRAYS = """
INSERT INTO gateway_events (provider, event_id, raw, received_at, processed_at, verdict)
SELECT 'vnpay', n, '{}', now() - interval '2 days', now(), 'BAD_SIGNATURE' FROM generate_series(1, :many) n
"""
ORDERS = """
INSERT INTO transactions (transaction_code, user_id, package_id, package, amount, currency, status, provider, payment_url, created_at, expires_at)
SELECT 'JB' || n, :user, :package, '{}', 1, 'VND', :status, 'vnpay', '', now() - :age * interval '1 hour', now() - (:age - 1) * interval '1 hour'
FROM generate_series(1, :many) n
"""
SIGN_INS = """
WITH families AS (INSERT INTO token_families (id, user_id) SELECT gen_random_uuid(), :user FROM generate_series(1, :many) RETURNING id)
INSERT INTO refresh_tokens (family_id, token_hash, expires_at) SELECT id, id::text, now() + :left * interval '1 day' FROM families
"""


def fill(statement: str, table: str, **values: Any) -> None:
    db.session.execute(text(statement), {"many": MANY, **values})
    db.session.execute(text(f"ANALYZE {table}"))


def fill_orders(**values: Any) -> None:
    fill(ORDERS, "transactions", user=buyer().id, package=add_package().id, **values)


def test_the_relay_does_not_look_at_what_is_not_due(app: APIFlask) -> None:
    fill(WAITING_TASKS, "tasks", state="PENDING", due=1)

    with plans_of("tasks") as plans:
        Relay(lambda name, task_id: None, "")._take_due()

    assert looked_up_by(plans, "run_after")


def test_the_metrics_do_not_look_at_finished_tasks(app: APIFlask) -> None:
    fill(WAITING_TASKS, "tasks", state="DONE", due=-2)
    outbox.enqueue("mail.example", {})

    with plans_of("tasks") as plans:
        shown = metrics.render().decode()

    assert 'jobboard_tasks{name="mail.example",state="PENDING"} 1.0' in shown
    assert 'jobboard_task_oldest_waiting_seconds{name="mail.example"}' in shown
    assert plans and "tasks" not in read_as_a_whole(plans)


def test_the_metrics_do_not_fetch_the_differences_that_they_count(app: APIFlask) -> None:
    db.session.add(ledger_check.LedgerCheck(differences=[{"row": "user 1"}] * 3))
    db.session.flush()

    last = ledger_check.find_last_check()

    assert last is not None and last.differences == 3


def test_keys_that_are_kept_are_not_looked_at_by_the_purge(app: APIFlask) -> None:
    fill(KEYS, "idempotency_keys", user=CandidateFactory().id)

    with plans_of("idempotency_keys") as plans:
        assert idempotency_keys.purge_expired() == 0

    assert looked_up_by(plans, "expires_at")


def test_a_forged_call_looks_at_those_of_the_last_hour_only(app: APIFlask) -> None:
    fill(STRAYS, "gateway_events")

    with plans_of("gateway_events") as plans:
        inbox.refuse(Message(Provider.VNPAY, {}), Verdict.BAD_SIGNATURE, "It is forged.")

    assert looked_up_by(plans, "received_at")


def test_orders_that_may_still_be_paid_are_not_looked_at_by_the_expiry(app: APIFlask) -> None:
    fill_orders(status="PENDING", age=0)

    with plans_of("transactions") as plans:
        assert settlement.expire_pending() == 0

    assert looked_up_by(plans, "expires_at")


def test_the_next_question_is_not_looked_for_among_all_that_ever_expired(app: APIFlask) -> None:
    fill_orders(status="EXPIRED", age=240)
    lately = buy()
    lately.status, lately.created_at, lately.expires_at = TransactionStatus.EXPIRED, now() - timedelta(hours=3), now() - timedelta(hours=2)
    db.session.flush()

    with plans_of("transactions") as plans:
        question = reconciliation.next_question()

    assert question is not None and question.transaction_id == lately.id
    assert looked_up_by(plans, "expires_at") and "transactions" not in read_as_a_whole(plans)


def test_a_purge_of_sign_ins_does_not_look_at_those_that_live(app: APIFlask) -> None:
    user = CandidateFactory()
    fill(SIGN_INS, "refresh_tokens, token_families", user=user.id, left=1)
    db.session.execute(text(SIGN_INS), {"user": user.id, "many": 1, "left": -1})

    with plans_of("token_families") as families, plans_of("refresh_tokens") as tokens:
        assert sessions.purge_expired() == 1

    assert families and not {"token_families", "refresh_tokens"} & read_as_a_whole([*families, *tokens])
    assert len(db.session.scalars(select(TokenFamily.id)).all()) == MANY


def test_sign_ins_are_purged_so_many_a_transaction(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PURGED_AT_A_TIME", 2)
    with worker_app.app_context(), unit_of_work():
        for left, many in ((-1, 5), (1, 1)):
            db.session.execute(text(SIGN_INS), {"user": CandidateFactory().id, "many": many, "left": left})

    assert deleted(worker_app, "refresh_tokens", maintenance.purge_sessions) == [2, 2, 1]
    with worker_app.app_context():
        assert [len(db.session.scalars(select(kind.id)).all()) for kind in (RefreshToken, TokenFamily)] == [1, 1]


def test_finished_tasks_are_purged_so_many_a_transaction(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PURGED_AT_A_TIME", 2)
    with worker_app.app_context(), unit_of_work():
        for state, days in [(TaskState.DONE, 8)] * 4 + [(TaskState.DISCARDED, 8), (TaskState.DONE, 6), (TaskState.DEAD, 8)]:
            db.session.add(Task(name="mail.example", args={}, state=state, finished_at=now() - timedelta(days=days)))

    assert deleted(worker_app, "tasks", maintenance.purge_tasks) == [2, 2, 1]
    with worker_app.app_context():
        assert db.session.scalars(select(Task.state).order_by(Task.id)).all() == [TaskState.DONE, TaskState.DEAD]


def deleted(app: APIFlask, table: str, task: Callable[[], None]) -> list[int]:
    """How many rows of `table` each transaction of a periodic task deletes."""
    gone: list[int] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith(f"DELETE FROM {table} "):
            gone[-1] += cursor.rowcount

    with app.app_context():
        engine = db.engine
    listeners = (("begin", lambda connection: gone.append(0)), ("after_cursor_execute", note))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        task()
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
    return gone


@pytest.mark.parametrize(
    ("table", "act"),
    [
        ("ledger_entries", ledger_check.check),
        ("ledger_entries", ledger.balances),
        ("transactions", earnings.close_month),
        ("stored_files", file_purge.purge_rows),
        ("alert_sent", lambda: editions.purge(now())),
    ],
)
def test_what_must_read_a_whole_table_has_no_time_limit(app: APIFlask, table: str, act: Callable[[], object]) -> None:
    with time_limits_of(table) as limits:
        act()

    assert limits == {"0"}


def test_migrations_have_no_time_limit(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        with time_limits_of("alembic_version") as limits:
            upgrade(directory=str(committed_app.extensions["migrate"].directory))

        assert limits == {"0"}
        assert db.session.execute(text("SHOW statement_timeout")).scalar_one() == "15s"
