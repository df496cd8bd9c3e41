"""Credits and memberships under parallel purchase, posting and expiry: no update is lost, whoever comes first."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from app.accounts.models import AuditEntry, User
from app.core.clock import now
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.charging import charge
from app.jobs.errors import MembershipExpired
from app.jobs.models import Job, JobStatus
from app.payments import holdings, ledger_check, settlement
from app.payments.models import GatewayEvent, PackageType, Transaction, Verdict
from tasks import base
from tasks.maintenance import end_memberships
from tests.factories import CompanyFactory, JobFactory
from tests.locks import await_waiting_lock
from tests.payments.builders import add_package, buy, buyer, call_ipn, notice

ENDED, LIVE = timedelta(hours=-1), timedelta(days=3)


def member(until: timedelta, *, unlimited: bool = True) -> User:
    user = buyer(has_unlimited_posting=unlimited, membership_expires_at=now() + until)
    db.session.commit()
    return user


def test_what_has_ended_allows_nothing_more_and_what_lives_is_left_alone(app: APIFlask) -> None:
    ended, live, limited, forever = member(ENDED), member(LIVE), member(ENDED, unlimited=False), buyer(has_unlimited_posting=True)
    ended.job_posting_credits = 4
    db.session.commit()

    counts = [holdings.end_memberships(), holdings.end_memberships()]

    db.session.expire_all()
    assert counts == [1, 0]
    assert [user.has_unlimited_posting for user in (ended, live, limited, forever)] == [False, True, False, True]
    assert ended.job_posting_credits == 4
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "membership.ended")).one()
    assert (entry.subject_id, entry.actor_id, entry.data) == (ended.id, None, {"ended_at": str(ended.membership_expires_at)})


def test_beat_ends_all_memberships_that_are_over_however_many(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "flask_app", committed_app)
    monkeypatch.setattr(holdings, "ENDED_AT_A_TIME", 2)
    with committed_app.app_context():
        for _ in range(5):
            member(ENDED)

    end_memberships()

    with committed_app.app_context():
        assert db.session.scalars(select(User.has_unlimited_posting)).all() == [False] * 5


def test_who_renews_while_the_expiry_runs_keeps_what_was_bought(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user = member(ENDED)
        user_id = user.id
        package = add_package(package_type=PackageType.SUBSCRIPTION, allow_unlimited_posting=True, job_posting_limit=0)
        call_ipn(committed_app.test_client(), notice(buy(user, package)))
        with unit_of_work():
            settlement.apply_events([db.session.scalars(select(GatewayEvent.id)).one()])
            # The settlement holds the row and has not committed: the expiry passes by instead of waiting and then undoing it.
            with ThreadPoolExecutor(1) as elsewhere:
                ended = elsewhere.submit(end_in_another_connection, committed_app).result(20)

    assert ended == 0
    with committed_app.app_context():
        user, settled_at = db.session.get(User, user_id), db.session.scalars(select(Transaction.settled_at)).one()
        assert (user.has_unlimited_posting, user.membership_expires_at) == (True, settled_at + timedelta(days=30))
        assert end_in_another_connection(committed_app) == 0


def end_in_another_connection(app: APIFlask) -> int:
    with app.app_context(), unit_of_work():
        return holdings.end_memberships()


def test_a_posting_that_waits_for_a_settlement_sees_what_it_gave(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user = buyer()
        user_id, job_id = user.id, draft_of(user).id
        call_ipn(committed_app.test_client(), notice(buy(user)))
        with ThreadPoolExecutor(1) as elsewhere:
            with unit_of_work():
                settlement.apply_events([db.session.scalars(select(GatewayEvent.id)).one()])
                posting = elsewhere.submit(post, committed_app, user_id, job_id)
                await_waiting_lock()
                assert not posting.done()
            posting.result(20)

    with committed_app.app_context():
        assert db.session.get(User, user_id).job_posting_credits == 9
        assert ledger_check.check() == []


def test_an_expiry_that_commits_first_stops_the_posting_that_waited(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user = member(ENDED)
        user_id, job_id = user.id, draft_of(user).id
        with ThreadPoolExecutor(1) as elsewhere:
            with unit_of_work():
                assert holdings.end_memberships() == 1
                posting = elsewhere.submit(post, committed_app, user_id, job_id)
                await_waiting_lock()
            with pytest.raises(MembershipExpired):
                posting.result(20)


def draft_of(user: User) -> Job:
    job: Job = JobFactory(company=CompanyFactory(owner=user), status=JobStatus.DRAFT, published_at=None)
    db.session.commit()
    return job


def post(app: APIFlask, user_id: int, job_id: int) -> None:
    with app.app_context(), unit_of_work():
        charge(db.session.get(User, user_id), db.session.get(Job, job_id))


def test_two_payments_of_one_order_that_are_settled_at_once_grant_once(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user = buyer()
        user_id, transaction = user.id, buy(user)
        for number in ("1", "2"):
            call_ipn(committed_app.test_client(), notice(transaction, vnp_TransactionNo=number))
        first, second = db.session.scalars(select(GatewayEvent.id).order_by(GatewayEvent.id))
        with ThreadPoolExecutor(1) as elsewhere:
            with unit_of_work():
                settlement.apply_events([first])
                other = elsewhere.submit(settle, committed_app, [second])
                await_waiting_lock()
            other.result(20)

    with committed_app.app_context():
        assert db.session.scalars(select(GatewayEvent.verdict).order_by(GatewayEvent.id)).all() == [Verdict.APPLIED, Verdict.CONFLICT]
        assert db.session.get(User, user_id).job_posting_credits == 10
        assert ledger_check.check() == []


def test_parallel_purchases_postings_and_expiries_lose_nothing(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user = buyer()
        user_id = user.id
        packages = [add_package(), add_package(package_type=PackageType.SUBSCRIPTION, job_posting_limit=5)]
        transactions = [buy(user, packages[n % 2]) for n in range(8)]
        for transaction in transactions:
            call_ipn(committed_app.test_client(), notice(transaction, vnp_TransactionNo=str(transaction.id)))
        events = list(db.session.scalars(select(GatewayEvent.id)))
        jobs = [draft_of(user).id for _ in range(8)]
        first, *rest = events
        with unit_of_work():
            settlement.apply_events([first])
    barrier = threading.Barrier(6)
    work: list[Callable[[], object]] = [
        lambda: settle(committed_app, rest[:4]),
        lambda: settle(committed_app, list(reversed(rest[2:]))),
        lambda: [post(committed_app, user_id, job_id) for job_id in jobs[:4]],
        lambda: [post(committed_app, user_id, job_id) for job_id in jobs[4:]],
        lambda: [end_in_another_connection(committed_app) for _ in range(6)],
        lambda: [end_in_another_connection(committed_app) for _ in range(6)],
    ]

    def at_once(task: Callable[[], object]) -> None:
        barrier.wait(30)
        task()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(at_once, work))

    with committed_app.app_context():
        user = db.session.get(User, user_id)
        settled_at = db.session.scalar(select(func.min(Transaction.settled_at)))
        assert user.job_posting_credits == 4 * 10 + 4 * 5 - 8
        assert user.membership_expires_at == settled_at + 8 * timedelta(days=30)
        assert ledger_check.check() == []


def settle(app: APIFlask, event_ids: list[int]) -> None:
    for event_id in event_ids:
        with app.app_context(), unit_of_work():
            settlement.apply_events([event_id, *event_ids])
