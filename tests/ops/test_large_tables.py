"""What is looked for again and again is found by an index, however large the table is."""

from datetime import timedelta
from typing import Any

from apiflask import APIFlask
from sqlalchemy import text

from app.core import idempotency_keys, outbox
from app.core.clock import now
from app.core.relay import Relay
from app.extensions import db
from app.ops import metrics
from app.payments import inbox, ledger_check, reconciliation, settlement
from app.payments.inbox import Message
from app.payments.models import Provider, TransactionStatus, Verdict
from tests.factories import CandidateFactory
from tests.payments.builders import add_package, buy, buyer
from tests.plans import looked_up_by, plans_of, read_as_a_whole

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
