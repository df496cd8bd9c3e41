"""Settlements per second, from the committed inbox row to the committed grant, beside the same worker's tasks that do nothing.

    python -m bench.settlements [events]

One payments worker (`-c 2`) and one relay on otherwise idle processes. Nothing: the messages lie ready in the queue, as fast as Celery
can be. Settlements: the events lie in the inbox, the relay publishes them while the worker settles.
"""

import secrets
import sys
import time

import redis
from sqlalchemy import func, insert, select

from app.accounts.models import User
from app.core.auth import Role
from app.core.broker import make_celery
from app.core.clock import now
from app.core.outbox import Task
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import inbox, ledger_check
from app.payments.inbox import Message
from app.payments.models import CreditGrant, GatewayEvent, Outcome, Package, PackageType, Provider, Transaction, TransactionStatus
from bench.noop_worker import NAME
from bench.payment_system import fresh_system, process, queued, wait_until

BUYERS = 500
WORKER = ("celery", "-A", "bench.noop_worker", "worker", "-Q", "payments", "-c", "2", "--without-mingle", "--without-gossip")
RELAY = ("flask", "--app", "wsgi", "outbox", "relay")


def main(number: int = 2000) -> None:
    with fresh_system() as (_, settings):
        broker: redis.Redis[bytes] = redis.Redis.from_url(settings.redis_url)
        broker.flushdb()
        celery = make_celery(settings)
        with process("worker", *WORKER):
            celery.send_task(NAME, queue="payments")
            wait_until(lambda: queued(broker) == (0, 0), seconds=60)
            time.sleep(3)
            nothing = max(measure_nothing(celery, broker, number) for _ in range(2))
            settled = max(measure_settlements(number) for _ in range(2))
        differences = ledger_check.check()
    print(f"nothing      {nothing:7.0f} tasks/s       (one worker, -c 2, {number} messages that lie ready)")
    print(f"settlements  {settled:7.0f} settlements/s ({number} committed inbox rows, relay and worker together)")
    print(f"ratio        {settled / nothing:7.2f}               (at least 0.35 is asked for)")
    print(f"the books have {len(differences)} differences")


def measure_nothing(celery: object, broker: "redis.Redis[bytes]", number: int) -> float:
    """Tasks per second of messages that were published before."""
    with celery.connection_for_write() as connection, celery.amqp.Producer(connection) as producer:  # type: ignore[attr-defined]
        for _ in range(number):
            celery.send_task(NAME, queue="default", producer=producer)  # type: ignore[attr-defined]
    # The messages lie in a queue that nobody reads and appear in the worker's at one moment.
    started = time.monotonic()
    broker.rename("default", "payments")
    return number / (wait_until(lambda: queued(broker) == (0, 0), seconds=120) - started)


def measure_settlements(number: int) -> float:
    """Settlements per second by the database's clock: from the relay's first message to the last grant."""
    first, last = make_inbox(number)
    mine = GatewayEvent.id.between(first, last)
    waiting = select(func.count()).select_from(GatewayEvent).where(mine, GatewayEvent.processed_at.is_(None))

    def is_settled() -> bool:
        remaining = db.session.scalar(waiting)
        db.session.rollback()
        return remaining == 0

    with process("relay", *RELAY):
        wait_until(is_settled, seconds=180, pause=0.2)
    started = db.session.scalar(select(func.min(Task.sent_at)).where(Task.name == "payments.settle", Task.args["event_id"].as_integer() >= first))
    ended = db.session.scalar(select(func.max(Task.finished_at)).where(Task.name == "payments.settle"))
    granted = db.session.scalar(select(func.count()).select_from(CreditGrant)) or 0
    paid = db.session.scalar(select(func.count()).select_from(Transaction).where(Transaction.status == TransactionStatus.SUCCESS))
    db.session.rollback()
    if granted != paid or started is None or ended is None:
        raise AssertionError(f"{paid} paid transactions, but {granted} grants")
    return number / (ended - started).total_seconds()


def make_inbox(number: int) -> tuple[int, int]:
    """`number` pending purchases, each with an accepted and committed success; the first and the last event's id."""
    with unit_of_work():
        package = Package(name="Ten postings", price=1_500_000, duration_days=30, package_type=PackageType.CREDIT, job_posting_limit=10)
        db.session.add(package)
        db.session.flush()
        mark = secrets.token_hex(4)
        people = [{"email": f"{mark}{n}@bench.example", "password_hash": "-", "full_name": "B", "user_type": Role.RECRUITER} for n in range(BUYERS)]
        buyers = list(db.session.scalars(insert(User).returning(User.id), people))
        base = {"package_id": package.id, "package": package.snapshot(), "amount": package.price, "currency": "VND", "provider": Provider.VNPAY}
        rows = [
            {**base, "transaction_code": f"B{mark}{n}", "user_id": buyers[n % BUYERS], "payment_url": "-", "expires_at": now()} for n in range(number)
        ]
        transactions = list(db.session.scalars(insert(Transaction).returning(Transaction.id), rows))
        message = Message(Provider.VNPAY, {"vnp_ResponseCode": "00"})
        accepted = [
            inbox.accept(message, f"{mark}:{row_id}", transaction_id=row_id, outcome=Outcome.SUCCEEDED, transaction_no=str(row_id))
            for row_id in transactions
        ]
        ids = [row_id for row_id in accepted if row_id is not None]
        return min(ids), max(ids)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
