"""What a gateway tells in any order, however often and however late, ends in one state and one ledger."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from apiflask import APIFlask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.accounts.models import User
from app.core.clock import now
from app.extensions import db
from app.payments import inbox, ledger_check, settlement
from app.payments.inbox import Message
from app.payments.ledger import LedgerEntry, LedgerGroup
from app.payments.models import CreditGrant, GatewayEvent, Outcome, Provider, Transaction, TransactionStatus, Verdict
from app.payments.states import CHAIN, decide, highest
from tests.factories import RecruiterFactory
from tests.payments.builders import add_package

SEED = 20250309
PERMUTATIONS = 1000
BATCH = 50
SUCCEEDED, FAILED, OVER = Outcome

# Paid twice over, refused, refused otherwise, timed out; each told once, some again.
FACTS = (("paid", SUCCEEDED, "1"), ("paid again", SUCCEEDED, "2"), ("failed", FAILED, "0"), ("failed otherwise", FAILED, "3"), ("over", OVER, "0"))
REPEATED = 2


def buy_many(number: int) -> list[int]:
    """Transactions of as many buyers, long past the gateway's window."""
    package = add_package()
    rows = [
        Transaction(
            transaction_code=f"P{n}",
            user_id=RecruiterFactory(job_posting_credits=0).id,
            package_id=package.id,
            package=package.snapshot(),
            amount=package.price,
            currency="VND",
            provider=Provider.VNPAY,
            payment_url="-",
            expires_at=now() - timedelta(days=1),
        )
        for n in range(number)
    ]
    db.session.add_all(rows)
    db.session.commit()
    return [row.id for row in rows]


@pytest.fixture(autouse=True)
def no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself decides when what is settled; thousands of tasks that nobody runs would only cost time."""
    monkeypatch.setattr(inbox, "enqueue", lambda name, args: None)


def calls(shuffle: random.Random) -> list[tuple[str, Outcome, str]]:
    """Every fact in some order, with some of them repeated somewhere."""
    told = [*FACTS, *shuffle.choices(FACTS, k=REPEATED)]
    return shuffle.sample(told, len(told))


def tell(transaction_ids: Sequence[int], shuffle: random.Random) -> None:
    """Each transaction hears its calls in an order of its own, mixed with the others'; now and then some are settled, or expire."""
    waiting: list[int] = []
    deliveries = [(transaction_id, fact) for transaction_id in transaction_ids for fact in calls(shuffle)]
    # Interleaved: the orders within a transaction stay as they were drawn.
    deliveries.sort(key=lambda _: shuffle.random())
    for number, (transaction_id, (name, outcome, payment_no)) in enumerate(deliveries):
        message = Message(Provider.VNPAY, {"fact": name})
        event_id = inbox.accept(message, f"{transaction_id}:{name}", transaction_id=transaction_id, outcome=outcome, transaction_no=payment_no)
        waiting += [event_id] if event_id else []
        if number % 97 == 96:
            shuffle.shuffle(waiting)
            settlement.apply_events(waiting[:40])
            waiting = waiting[20:]
        if number % 331 == 330:
            settlement.expire_pending()
    settlement.apply_events(waiting)
    db.session.commit()


def test_a_thousand_orders_of_events_end_in_one_state_and_one_ledger(app: APIFlask) -> None:
    shuffle = random.Random(SEED)
    transaction_ids = buy_many(PERMUTATIONS)

    for start in range(0, PERMUTATIONS, BATCH):
        tell(transaction_ids[start : start + BATCH], shuffle)

    states = db.session.execute(
        select(Transaction.status, Transaction.refunded_amount, User.job_posting_credits, User.membership_expires_at - Transaction.settled_at)
        .join(User, User.id == Transaction.user_id)
        .distinct()
    ).all()
    lines = db.session.execute(
        select(LedgerGroup.kind, LedgerEntry.account, LedgerEntry.amount, LedgerEntry.currency, func.count())
        .join_from(LedgerGroup, LedgerEntry, LedgerEntry.group_id == LedgerGroup.id)
        .group_by(LedgerGroup.kind, LedgerEntry.account, LedgerEntry.amount, LedgerEntry.currency)
    ).all()
    assert states == [(TransactionStatus.SUCCESS, 0, 10, timedelta(days=30))]
    assert {tuple(line) for line in lines} == {
        ("settlement", "gateway_receivable", 1_500_000, "VND", PERMUTATIONS),
        ("settlement", "revenue_deferred", -1_500_000, "VND", PERMUTATIONS),
        ("settlement", "credits_issued", 10, "CREDIT", PERMUTATIONS),
        ("settlement", "credits_owed", -10, "CREDIT", PERMUTATIONS),
    }
    assert db.session.scalar(select(func.count()).select_from(CreditGrant)) == PERMUTATIONS
    assert ledger_check.check() == []


def test_in_every_order_one_payment_is_granted_and_the_other_flagged(app: APIFlask) -> None:
    tell(buy_many(BATCH), random.Random(SEED))

    verdicts = Counter(db.session.scalars(select(GatewayEvent.verdict).where(GatewayEvent.outcome == SUCCEEDED)))

    assert verdicts[Verdict.CONFLICT] == BATCH
    assert verdicts[Verdict.APPLIED] + verdicts[Verdict.LATE] == BATCH
    assert verdicts.total() == 2 * BATCH


@given(st.lists(st.sampled_from(FACTS), max_size=12), st.randoms(use_true_random=False))
def test_the_machine_ends_in_the_same_state_in_any_order(facts: list[tuple[str, Outcome, str]], shuffle: random.Random) -> None:
    ends = set()

    for _ in range(3):
        status, paid_by, grants = TransactionStatus.PENDING, None, 0
        for _, outcome, payment_no in shuffle.sample(facts, len(facts)):
            decision = decide(status, paid_by, outcome, payment_no)
            paid_by = payment_no if decision.grants else paid_by
            status, grants = decision.status, grants + decision.grants
        ends.add((status, grants))

    assert len(ends) == 1
    assert ends.pop()[1] == any(outcome == SUCCEEDED for _, outcome, _ in facts)


@pytest.mark.parametrize("status", CHAIN)
@pytest.mark.parametrize("outcome", Outcome)
def test_no_event_lowers_a_transaction(status: TransactionStatus, outcome: Outcome) -> None:
    after = decide(status, "1", outcome, "1").status

    assert highest(status, after) == after
