"""The state machine by a table, the rules on what is granted, and their effect on rows."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.core.clock import now
from app.core.outbox import Task
from app.extensions import db
from app.payments import ledger_check, settlement
from app.payments.entitlements import Holding, Terms, after_full_refund, after_purchase, credits_to_take
from app.payments.models import CreditGrant, GatewayEvent, Outcome, PackageType, Transaction, TransactionStatus, Verdict
from app.payments.states import Decision, decide
from tests.payments.builders import FAILURE, add_package, buy, buyer, call_ipn, notice, pay, settle_all

PENDING, SUCCESS, FAILED, EXPIRED, REFUNDED = TransactionStatus
GOOD, BAD, OVER = Outcome
AT = datetime(2025, 3, 9, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
CREDITS = Terms(PackageType.CREDIT, 30, 10, False)
UNLIMITED = Terms(PackageType.SUBSCRIPTION, 30, 5, True)
LIMITED = Terms(PackageType.SUBSCRIPTION, 30, 5, False)


@pytest.mark.parametrize(
    ("status", "paid_by", "outcome", "number", "expected"),
    [
        (PENDING, None, GOOD, "1", Decision(SUCCESS, Verdict.APPLIED, grants=True)),
        (FAILED, None, GOOD, "1", Decision(SUCCESS, Verdict.LATE, grants=True)),
        (EXPIRED, None, GOOD, "1", Decision(SUCCESS, Verdict.LATE, grants=True)),
        (SUCCESS, "1", GOOD, "1", Decision(SUCCESS, Verdict.DUPLICATE)),
        (SUCCESS, "1", GOOD, "2", Decision(SUCCESS, Verdict.CONFLICT)),
        (REFUNDED, "1", GOOD, "1", Decision(REFUNDED, Verdict.DUPLICATE)),
        (REFUNDED, "1", GOOD, "2", Decision(REFUNDED, Verdict.CONFLICT)),
        (PENDING, None, BAD, "0", Decision(FAILED, Verdict.APPLIED)),
        (FAILED, None, BAD, "0", Decision(FAILED, Verdict.DUPLICATE)),
        (EXPIRED, None, BAD, "0", Decision(FAILED, Verdict.APPLIED)),
        (PENDING, None, OVER, "0", Decision(EXPIRED, Verdict.APPLIED)),
        (EXPIRED, None, OVER, "0", Decision(EXPIRED, Verdict.DUPLICATE)),
        (FAILED, None, OVER, "0", Decision(FAILED, Verdict.IGNORED)),
        (SUCCESS, "1", OVER, "0", Decision(SUCCESS, Verdict.IGNORED)),
        (REFUNDED, "1", OVER, "0", Decision(REFUNDED, Verdict.IGNORED)),
        (SUCCESS, "1", BAD, "1", Decision(SUCCESS, Verdict.IGNORED)),
        (REFUNDED, "1", BAD, "0", Decision(REFUNDED, Verdict.IGNORED)),
    ],
)
def test_the_state_machine(status: TransactionStatus, paid_by: str | None, outcome: Outcome, number: str, expected: Decision) -> None:
    assert decide(status, paid_by, outcome, number) == expected


@pytest.mark.parametrize(
    ("held", "bought", "expected"),
    [
        (Holding(2, None, False), CREDITS, Holding(12, AT + MONTH, False)),
        (Holding(2, AT + MONTH, False), CREDITS, Holding(12, AT + 2 * MONTH, False)),
        (Holding(2, AT - MONTH, False), CREDITS, Holding(12, AT + MONTH, False)),
        (Holding(2, AT - MONTH, True), CREDITS, Holding(12, AT + MONTH, False)),
        (Holding(2, AT + MONTH, True), CREDITS, Holding(12, AT + 2 * MONTH, True)),
        (Holding(2, None, False), UNLIMITED, Holding(2, AT + MONTH, True)),
        (Holding(2, AT + MONTH, True), LIMITED, Holding(7, AT + 2 * MONTH, True)),
    ],
)
def test_what_a_purchase_gives(held: Holding, bought: Terms, expected: Holding) -> None:
    assert after_purchase(held, bought, AT) == expected


@pytest.mark.parametrize(
    ("granted", "taken_before", "amount", "refunded", "balance", "expected"),
    [
        (10, 0, 1000, 1000, 50, 10),
        (10, 0, 1000, 1000, 3, 3),
        (10, 0, 1000, 299, 50, 2),
        (10, 2, 1000, 1000, 50, 8),
        (10, 0, 1000, 1, 50, 0),
        (0, 0, 1000, 1000, 50, 0),
        (10, 10, 1000, 1000, 50, 0),
    ],
)
def test_the_credits_that_go_back_with_a_refund(granted: int, taken_before: int, amount: int, refunded: int, balance: int, expected: int) -> None:
    taken = credits_to_take(granted=granted, taken_before=taken_before, amount=amount, refunded=refunded, balance=balance)

    assert taken == expected


@pytest.mark.parametrize(
    ("held", "bought", "others", "expected"),
    [
        (Holding(0, AT + 2 * MONTH, False), CREDITS, [CREDITS], Holding(0, AT + MONTH, False)),
        (Holding(4, AT + MONTH, False), CREDITS, [], Holding(4, None, False)),
        (Holding(0, AT + MONTH / 2, True), UNLIMITED, [CREDITS], Holding(0, AT, False)),
        (Holding(0, AT + 2 * MONTH, True), UNLIMITED, [CREDITS], Holding(0, AT + MONTH, False)),
        (Holding(0, AT + 2 * MONTH, True), UNLIMITED, [CREDITS, UNLIMITED], Holding(0, AT + MONTH, True)),
        (Holding(0, AT + 2 * MONTH, True), CREDITS, [UNLIMITED], Holding(0, AT + MONTH, True)),
        (Holding(0, AT - MONTH, True), UNLIMITED, [], Holding(0, AT - MONTH, False)),
    ],
)
def test_what_a_full_refund_takes(held: Holding, bought: Terms, others: list[Terms], expected: Holding) -> None:
    assert after_full_refund(held, bought, AT, others=others) == expected


def test_a_paid_package_is_granted_with_its_books(app: APIFlask, client: FlaskClient) -> None:
    user = buyer()
    transaction = buy(user)

    pay(client, transaction)

    assert (transaction.status, transaction.gateway_transaction_no, transaction.refunded_amount) == (SUCCESS, "14422574", 0)
    assert transaction.settled_at is not None
    assert (user.job_posting_credits, user.membership_expires_at) == (10, transaction.settled_at + MONTH)
    assert db.session.scalars(select(CreditGrant.credits)).all() == [10]
    assert ledger_check.check() == []


def test_applying_an_event_twice_grants_once(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)

    settle_all()

    assert db.session.get(User, transaction.user_id).job_posting_credits == 10
    assert db.session.scalar(select(func.count()).select_from(CreditGrant)) == 1


def test_the_buyer_is_told_once_of_each_real_change(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    for changes in (FAILURE, {**FAILURE, "vnp_ResponseCode": "51"}, {}, {}):
        call_ipn(client, notice(transaction, **changes))

    verdicts = settle_all()

    told = db.session.scalars(select(Task.args["type"].astext).where(Task.name == "notifications.deliver").order_by(Task.id)).all()
    assert verdicts == [Verdict.APPLIED, Verdict.DUPLICATE, Verdict.LATE]
    assert told == ["PAYMENT_FAILED", "PAYMENT_SUCCEEDED"]


@pytest.mark.parametrize("late", [FAILED, EXPIRED])
def test_a_late_success_still_counts(app: APIFlask, client: FlaskClient, late: TransactionStatus) -> None:
    transaction = buy()
    transaction.status = late
    db.session.commit()

    answer = call_ipn(client, notice(transaction))
    verdicts = settle_all()

    assert answer == "00"
    assert verdicts == [Verdict.LATE]
    assert transaction.status == SUCCESS
    assert db.session.get(User, transaction.user_id).job_posting_credits == 10


def test_a_second_payment_of_a_paid_order_is_flagged_and_never_granted(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)

    answer = call_ipn(client, notice(transaction, vnp_TransactionNo="99999999"))
    verdicts = settle_all()

    assert answer == "02"
    assert verdicts == [Verdict.APPLIED, Verdict.CONFLICT]
    assert transaction.gateway_transaction_no == "14422574"
    assert db.session.get(User, transaction.user_id).job_posting_credits == 10
    flagged = app.test_cli_runner().invoke(args=["payments", "flagged"])
    assert "CONFLICT" in flagged.output


def test_two_payments_that_wait_together_grant_once(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()

    answers = [call_ipn(client, notice(transaction, vnp_TransactionNo=number)) for number in ("1", "1", "2")]
    verdicts = settle_all()

    assert answers == ["00", "00", "00"]
    assert verdicts == [Verdict.APPLIED, Verdict.CONFLICT]
    assert db.session.get(User, transaction.user_id).job_posting_credits == 10
    assert ledger_check.check() == []


def test_a_failure_never_undoes_a_success(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)

    answer = call_ipn(client, notice(transaction, **FAILURE))
    settle_all()

    assert answer == "02"
    assert transaction.status == SUCCESS


def test_any_order_of_events_ends_in_one_state_and_one_ledger(app: APIFlask, client: FlaskClient) -> None:
    shuffle = random.Random(20250309)
    steps: dict[str, Callable[[Transaction], object]] = {
        "paid": lambda transaction: call_ipn(client, notice(transaction)),
        "paid again": lambda transaction: call_ipn(client, notice(transaction)),
        "failed": lambda transaction: call_ipn(client, notice(transaction, **FAILURE)),
        "failed otherwise": lambda transaction: call_ipn(client, notice(transaction, **{**FAILURE, "vnp_ResponseCode": "51"})),
        "settle": lambda transaction: settle_all(),
        "expire": lambda transaction: settlement.expire_pending(),
    }
    ends = set()

    for _ in range(8):
        transaction = buy()
        db.session.execute(update(Transaction).values(expires_at=now() - timedelta(days=1)))
        db.session.commit()
        for name in shuffle.sample(sorted(steps), len(steps)):
            steps[name](transaction)
        settle_all()
        ends.add((transaction.status, transaction.gateway_transaction_no, db.session.get(User, transaction.user_id).job_posting_credits))

    assert ends == {(SUCCESS, "14422574", 10)}
    assert ledger_check.check() == []


def test_a_pending_payment_expires_only_after_the_gateways_window(app: APIFlask) -> None:
    waiting, forgotten, paid = buy(), buy(), buy()
    for transaction, minutes, status in ((waiting, 59, PENDING), (forgotten, 61, PENDING), (paid, 61, SUCCESS)):
        transaction.expires_at, transaction.status = now() - timedelta(minutes=minutes), status
    db.session.commit()

    expired = settlement.expire_pending()

    db.session.expire_all()
    assert expired == 1
    assert [transaction.status for transaction in (waiting, forgotten, paid)] == [PENDING, EXPIRED, SUCCESS]


def test_the_terms_are_those_of_the_day_of_purchase(app: APIFlask, client: FlaskClient) -> None:
    package = add_package()
    transaction = buy(package=package)
    package.job_posting_limit, package.price, package.is_active = 99, 1, False
    db.session.commit()

    pay(client, transaction)

    assert db.session.get(User, transaction.user_id).job_posting_credits == 10
    assert transaction.package["price"] == transaction.amount == 1_500_000


def test_an_unlimited_subscription_sets_what_it_allows(app: APIFlask, client: FlaskClient) -> None:
    user = buyer()
    transaction = buy(user, add_package(package_type=PackageType.SUBSCRIPTION, allow_unlimited_posting=True, job_posting_limit=0))

    pay(client, transaction)

    assert (user.job_posting_credits, user.has_unlimited_posting) == (0, True)
    assert user.membership_expires_at == transaction.settled_at + MONTH
    assert ledger_check.check() == []


def test_the_raw_event_is_kept_with_its_verdict(app: APIFlask, client: FlaskClient) -> None:
    transaction = buy()
    pay(client, transaction)

    event = db.session.scalars(select(GatewayEvent)).one()

    assert event.raw["vnp_PayDate"] == "20250309120501"
    assert (event.provider, event.outcome, event.verdict, event.transaction_id) == ("vnpay", GOOD, Verdict.APPLIED, transaction.id)
