"""Revenue: earned by days, booked by months, and what a refund, a late closing or an undone refund make of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.clock import now
from app.extensions import db
from app.payments import earnings, ledger, ledger_check, settlement
from app.payments.inbox import Message, accept
from app.payments.ledger import Account
from app.payments.models import Outcome, Package, Provider, Refund, Transaction, TransactionStatus
from tasks.maintenance import close_month
from tests.payments.builders import add_package, buy, buyer

# Midnight of 1 April in the market's zone.
APRIL = datetime(2025, 3, 31, 17, tzinfo=UTC)
DAY = timedelta(days=1)

Travel = Callable[[date], None]


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Let it be another day."""
    return lambda day: monkeypatch.setattr(earnings, "today", lambda: day)


def paid(settled_at: datetime, package: Package | None = None) -> Transaction:
    """A settled purchase of 1,500,000 VND for thirty days, unless told otherwise."""
    transaction = buy(buyer(), package)
    event_id = accept(
        Message(Provider.VNPAY, {}), transaction.transaction_code, transaction_id=transaction.id, outcome=Outcome.SUCCEEDED, transaction_no="1"
    )
    assert event_id is not None
    settlement.apply_events([event_id])
    transaction.settled_at = settled_at
    db.session.commit()
    return transaction


def booked() -> dict[str, int]:
    return {account: amount for account, currency, amount in ledger.balances() if account in {Account.REVENUE, Account.REVENUE_DEFERRED}}


@pytest.mark.parametrize(
    ("age", "duration", "earned"),
    [
        (timedelta(hours=23), 30, 0),
        (DAY, 30, 50_000),
        (10 * DAY + timedelta(hours=5), 30, 500_000),
        (29 * DAY, 30, 1_450_000),
        (30 * DAY, 30, 1_500_000),
        (400 * DAY, 30, 1_500_000),
        (DAY, 7, 214_285),
        (timedelta(seconds=1), 0, 1_500_000),
        (-DAY, 30, None),
    ],
)
def test_a_price_is_earned_in_equal_parts_over_its_days(app: APIFlask, age: timedelta, duration: int, earned: int | None) -> None:
    paid(APRIL - age, add_package(duration_days=duration))

    assert earnings.earned_until(APRIL) == ({} if earned is None else {"VND": earned})


def test_only_what_was_paid_is_earned(app: APIFlask) -> None:
    paid(APRIL - 10 * DAY)
    for status in (TransactionStatus.PENDING, TransactionStatus.FAILED, TransactionStatus.EXPIRED):
        buy().status = status
    paid(APRIL - DAY, add_package(currency="VND", price=300)).status = TransactionStatus.REFUNDED
    db.session.flush()

    assert earnings.earned_until(APRIL) == {"VND": 500_000 + 300}


def test_a_month_is_booked_once_and_the_next_one_adds_the_rest(app: APIFlask, travel: Travel) -> None:
    paid(APRIL - 10 * DAY)

    travel(date(2025, 4, 1))
    march, again = earnings.close_month(), earnings.close_month()
    after_march = booked()
    travel(date(2025, 5, 20))
    earnings.close_month()

    assert [(entry.account, entry.amount, entry.currency) for entry in march] == [("revenue_deferred", 500_000, "VND"), ("revenue", -500_000, "VND")]
    assert again == []
    assert after_march == {"revenue_deferred": -1_000_000, "revenue": -500_000}
    assert booked() == {"revenue_deferred": 0, "revenue": -1_500_000}
    assert ledger_check.check() == []


def test_a_closing_that_was_missed_is_made_good_by_the_next(app: APIFlask, travel: Travel) -> None:
    paid(APRIL - 60 * DAY)
    paid(APRIL - 10 * DAY)

    travel(date(2025, 4, 17))
    earnings.close_month()

    assert booked() == {"revenue_deferred": -1_000_000, "revenue": -2_000_000}


def test_a_refund_that_was_undone_is_no_revenue_any_more(app: APIFlask, travel: Travel) -> None:
    transaction = paid(APRIL - 3 * DAY, add_package(duration_days=300))
    transaction.status = TransactionStatus.REFUNDED
    travel(date(2025, 4, 1))
    earnings.close_month()
    refunded = booked()["revenue"]
    transaction.status = TransactionStatus.SUCCESS

    travel(date(2025, 5, 1))
    earnings.close_month()

    assert (refunded, booked()["revenue"]) == (-1_500_000, -33 * 5_000)


def test_a_closing_that_comes_late_leaves_a_later_refund_to_its_own_month(app: APIFlask, travel: Travel) -> None:
    transaction = paid(APRIL - 10 * DAY)
    refund = Refund(transaction_id=transaction.id, amount=1_500_000, credits_taken=0, reason="", created_at=APRIL + 2 * DAY)
    db.session.add(refund)
    transaction.status, transaction.refunded_amount = TransactionStatus.REFUNDED, 1_500_000
    db.session.flush()

    by_month = [earnings.earned_until(moment) for moment in (APRIL, APRIL + 30 * DAY)]
    refund.created_at = APRIL - DAY
    db.session.flush()

    assert by_month == [{"VND": 500_000}, {"VND": 1_500_000}]
    assert earnings.earned_until(APRIL) == {"VND": 1_500_000}


def test_a_closing_is_told(app: APIFlask, travel: Travel) -> None:
    paid(APRIL - 10 * DAY)
    travel(date(2025, 4, 1))

    earnings.close_month()
    earnings.close_month()
    db.session.flush()

    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "month.closed")).one()
    assert (entry.subject_id, entry.actor_id, entry.data) == (202503, None, {"revenue": {"VND": 500_000}})


def test_beat_closes_the_month(worker_app: APIFlask) -> None:
    with worker_app.app_context():
        paid(now() - 400 * DAY)

    close_month()
    close_month()

    with worker_app.app_context():
        assert booked() == {"revenue_deferred": 0, "revenue": -1_500_000}


def test_a_month_without_revenue_books_nothing(app: APIFlask, travel: Travel) -> None:
    travel(date(2025, 4, 1))

    assert earnings.close_month() == []


def test_the_trial_balance_is_shown_by_command(app: APIFlask) -> None:
    paid(APRIL)

    lines = app.test_cli_runner().invoke(args=["ledger", "balances"]).output.splitlines()

    assert [line.split() for line in lines] == [
        ["credits_issued", "10", "CREDIT"],
        ["credits_owed", "-10", "CREDIT"],
        ["gateway_receivable", "1,500,000", "VND"],
        ["revenue_deferred", "-1,500,000", "VND"],
    ]
