"""Carrying refunds out: each at most once at the gateway, whatever is lost, and undone in the books when it is refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from app.accounts.models import AuditEntry, User
from app.core.clock import now
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger_check, refund_calls, refunds, service
from app.payments.local_gateway import store
from app.payments.models import PackageType, Provider, Refund, RefundStatus, Transaction, TransactionStatus
from app.payments.providers.base import GatewaySilent, RefundAnswer, RefundOrder, RefundState
from app.payments.reconciliation_models import Difference, DifferenceKind
from tasks import gateways as tasks
from tasks.payments import refund_news
from tests.factories import AdminFactory
from tests.payments.builders import add_package, buyer, call_ipn, notice, settle_all
from tests.payments.stripe_builders import event, post_event, refund_object, session_of
from tests.payments.test_reconciliation import committed
from tests.payments.test_reconciliation import pay as pay_at_gateway


class Bank:
    """Gives the answers in turn, the last one for ever; a GatewaySilent is raised. `made` are the orders as they came."""

    provider, calls_out = Provider.VNPAY, False

    def __init__(self, *answers: RefundAnswer | GatewaySilent, may: bool = True) -> None:
        self.answers = list(answers)
        self.may = may
        self.made: list[RefundOrder] = []

    def refund(self, order: RefundOrder) -> RefundAnswer:
        self.made.append(order)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, GatewaySilent):
            raise answer
        return answer

    def may_repeat(self, *times: object) -> bool:
        return self.may


DONE = RefundAnswer(RefundState.DONE, "900")
REFUSED = RefundAnswer(RefundState.REFUSED, reason="95: not paid")
SILENT = GatewaySilent("time-out")
UseBank = Callable[..., Bank]


@pytest.fixture
def use_bank(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> UseBank:
    """Put a bank in VNPay's place, for the tasks too."""
    monkeypatch.setattr("tasks.base.flask_app", committed_app)

    def use(*answers: RefundAnswer | GatewaySilent, may: bool = True) -> Bank:
        bank = Bank(*answers, may=may)
        committed_app.extensions["payment_gateways"] = {Provider.VNPAY: bank}
        return bank

    return use


@pytest.fixture
def paid_id(committed_app: APIFlask) -> int:
    """A settled subscription of thirty days with unlimited posting for 1,500,000 VND."""
    return settled(committed_app)


def settled(app: APIFlask, **terms: Any) -> int:
    with app.app_context():
        with unit_of_work():
            transaction = service.create_payment(buyer(), add_package(**terms).id, "203.0.113.7")
        fields, transaction_id = notice(transaction), transaction.id
    call_ipn(app.test_client(), fields)
    with app.app_context():
        settle_all()
    return transaction_id


def decide(app: APIFlask, transaction_id: int, amount: int | None = None) -> int:
    """An admin's decision; the task that it leaves."""
    with app.app_context(), unit_of_work():
        refunds.refund(AdminFactory().id, transaction_id, amount, "Mua nhầm")
        return db.session.scalars(select(Task.id).where(Task.name == "gateway.refund").order_by(Task.id.desc())).first()  # type: ignore[return-value]


def run_again(app: APIFlask, task_id: int) -> None:
    """The message comes (once more) when its back-off is over."""
    with app.app_context(), unit_of_work():
        db.session.get(Task, task_id).run_after = now() - timedelta(seconds=1)
    tasks.refund(task_id)


def state(app: APIFlask, transaction_id: int) -> tuple[str, int, str, int]:
    """The transaction's status and refunded amount, its last refund's status, and the buyer's credits; the books are proven too."""
    with app.app_context():
        assert ledger_check.check() == []
        transaction = db.session.get(Transaction, transaction_id)
        last = db.session.scalars(select(Refund.status).order_by(Refund.id.desc())).first()
        return transaction.status, transaction.refunded_amount, str(last), db.session.get(User, transaction.user_id).job_posting_credits


def differences(app: APIFlask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Difference.kind).order_by(Difference.id)))


def test_a_refund_is_sent_once_however_often_its_message_comes(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    bank = use_bank(DONE)
    task_id = decide(committed_app, paid_id, 500_000)

    for _ in range(3):
        tasks.refund(task_id)

    sent = bank.made[0]
    assert len(bank.made) == 1
    assert (sent.amount, sent.is_whole, sent.payment.payment_no) == (500_000, False, "14422574")
    assert state(committed_app, paid_id) == ("SUCCESS", 500_000, "DONE", 7)


def test_a_lost_answer_repeats_the_very_same_request(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    bank = use_bank(SILENT, SILENT, DONE)
    task_id = decide(committed_app, paid_id)

    for _ in range(3):
        run_again(committed_app, task_id)

    assert len(bank.made) == 3
    assert replace(bank.made[0], is_repeated=True) == bank.made[1] == bank.made[2]
    assert not bank.made[0].is_repeated
    assert state(committed_app, paid_id) == ("REFUNDED", 1_500_000, "DONE", 0)


def test_a_request_that_the_gateway_may_have_forgotten_is_not_repeated(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    bank = use_bank(SILENT, may=False)
    task_id = decide(committed_app, paid_id)

    for _ in range(3):
        run_again(committed_app, task_id)

    assert len(bank.made) == 1
    assert state(committed_app, paid_id)[2] == "UNKNOWN"
    assert differences(committed_app) == [DifferenceKind.REFUND_UNANSWERED]


def test_a_task_that_gives_up_leaves_a_difference(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    use_bank(SILENT)
    task_id = decide(committed_app, paid_id)
    with committed_app.app_context(), unit_of_work():
        db.session.get(Task, task_id).max_attempts = 1

    tasks.refund(task_id)

    assert state(committed_app, paid_id) == ("REFUNDED", 1_500_000, "UNKNOWN", 0)
    assert differences(committed_app) == [DifferenceKind.REFUND_UNANSWERED]
    with committed_app.app_context():
        assert db.session.get(Task, task_id).state == TaskState.DEAD


def test_the_call_is_noted_before_it_is_made(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    bank = use_bank(DONE)
    noted: list[bool] = []

    def refund(order: RefundOrder) -> RefundAnswer:
        with db.engine.connect() as other:
            noted.append(other.execute(select(Refund.first_called_at)).scalar_one() is not None)
        return DONE

    bank.refund = refund  # type: ignore[method-assign]

    tasks.refund(decide(committed_app, paid_id))

    assert noted == [True]


def test_a_refusal_undoes_the_booking(committed_app: APIFlask, use_bank: UseBank) -> None:
    subscription = {"package_type": PackageType.SUBSCRIPTION, "allow_unlimited_posting": True, "job_posting_limit": 0}
    transaction_id = settled(committed_app, **subscription)
    use_bank(REFUSED)
    with committed_app.app_context():
        user_id = db.session.get(Transaction, transaction_id).user_id
        before = db.session.get(User, user_id).membership_expires_at
    task_id = decide(committed_app, transaction_id)
    with committed_app.app_context():
        meanwhile = db.session.get(User, user_id).has_unlimited_posting

    tasks.refund(task_id)

    assert state(committed_app, transaction_id) == ("SUCCESS", 0, "REFUSED", 0)
    with committed_app.app_context():
        user = db.session.get(User, user_id)
        assert (meanwhile, user.has_unlimited_posting) == (False, True)
        assert abs(user.membership_expires_at - before) < timedelta(seconds=5)
        assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "payment.refund_reversed")).one().data["amount"] == 1_500_000
    assert differences(committed_app) == [DifferenceKind.REFUND_REFUSED]


def test_after_a_refusal_the_money_can_be_refunded_again(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    use_bank(REFUSED, DONE)
    tasks.refund(decide(committed_app, paid_id, 600_000))
    refused = state(committed_app, paid_id)

    tasks.refund(decide(committed_app, paid_id))

    assert refused == ("SUCCESS", 0, "REFUSED", 10)
    assert state(committed_app, paid_id) == ("REFUNDED", 1_500_000, "DONE", 0)


def test_what_the_gateway_says_never_moves_a_refund_back(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    use_bank(RefundAnswer(RefundState.ACCEPTED, "900"))
    tasks.refund(decide(committed_app, paid_id, 300_000))
    seen = []

    for said in (RefundState.DONE, RefundState.ACCEPTED, RefundState.REFUSED, RefundState.DONE, RefundState.REFUSED):
        with committed_app.app_context(), unit_of_work():
            refund_calls.record_answer(db.session.scalars(select(Refund.id)).one(), RefundAnswer(said, "901"))
        seen.append(state(committed_app, paid_id)[1:3])

    assert seen == [(300_000, "DONE"), (300_000, "DONE"), (0, "REFUSED"), (0, "REFUSED"), (0, "REFUSED")]
    with committed_app.app_context():
        assert db.session.scalars(select(Refund.gateway_reference)).one() == "900"


@pytest.fixture
def stripe_paid(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A settled purchase for 15.00 USD at Stripe."""
    monkeypatch.setattr("tasks.base.flask_app", committed_app)
    with committed_app.app_context():
        with unit_of_work():
            transaction = service.create_payment(buyer(), add_package(currency="USD", price=1500).id, "203.0.113.7")
        body, transaction_id = event("checkout.session.completed", session_of(transaction)), transaction.id
    post_event(committed_app.test_client(), body)
    with committed_app.app_context():
        settle_all()
    yield transaction_id


def tell(app: APIFlask, transaction_id: int, number: int, **changes: Any) -> None:
    """Stripe's event about a refund, and the task that it leaves."""
    with app.app_context():
        thing = refund_object(db.session.get(Transaction, transaction_id), **changes)
    assert post_event(app.test_client(), event("refund.updated", thing, id=f"evt_r{number}")).status_code == 200
    with app.app_context():
        task_id = db.session.scalars(select(Task.id).where(Task.name == "payments.refund_news").order_by(Task.id.desc())).first()
    refund_news(task_id)


def test_stripes_news_of_a_refund_reach_it(committed_app: APIFlask, stripe_paid: int) -> None:
    decide(committed_app, stripe_paid)
    with committed_app.app_context():
        ours = str(db.session.scalars(select(Refund.id)).one())

    tell(committed_app, stripe_paid, 1, metadata={"refund_id": ours})
    done = state(committed_app, stripe_paid)
    tell(committed_app, stripe_paid, 2, metadata={"refund_id": ours}, status="failed", failure_reason="expired_or_canceled_card")

    assert done == ("REFUNDED", 1500, "DONE", 0)
    assert state(committed_app, stripe_paid) == ("SUCCESS", 0, "REFUSED", 10)


@pytest.mark.parametrize(
    "changes", [{}, {"metadata": {"refund_id": "999999"}}, {"metadata": {"refund_id": "x"}}, {"payment_intent": "pi_other"}, {"amount": 2**63}]
)
def test_a_refund_made_elsewhere_is_shown_to_people(committed_app: APIFlask, stripe_paid: int, changes: dict[str, Any]) -> None:
    tell(committed_app, stripe_paid, 1, **changes)

    assert differences(committed_app) == [DifferenceKind.REFUNDED_ELSEWHERE]
    assert state(committed_app, stripe_paid) == ("SUCCESS", 0, "None", 10)


# VNPay only says that it has the request already; Stripe gives its first answer again.
@pytest.mark.parametrize(("currency", "status"), [("VND", RefundStatus.ACCEPTED), ("USD", RefundStatus.DONE)])
def test_the_local_gateway_pays_a_refund_once_though_its_answer_is_lost(served_app: APIFlask, currency: str, status: RefundStatus) -> None:
    transaction_id, address = committed(served_app, currency=currency)
    pay_at_gateway(served_app, address, outcome="pay", api="timeout")
    with served_app.app_context():
        settle_all()
    task_id = decide(served_app, transaction_id, 500_000)

    for _ in range(3):
        run_again(served_app, task_id)

    with served_app.app_context():
        transaction, refund = db.session.get(Transaction, transaction_id), db.session.scalars(select(Refund)).one()
        assert (refund.status, transaction.status, transaction.refunded_amount) == (status, TransactionStatus.SUCCESS, 500_000)
        if currency == "VND":
            assert list(store.load("vnpay", transaction.transaction_code)["refunds"].values()) == [50_000_000]
        else:
            assert store.load("stripe-session", transaction.gateway_reference)["refunded"] == 500_000


def test_a_person_concludes_what_the_gateway_left_open(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    use_bank(SILENT, may=False)
    task_id = decide(committed_app, paid_id, 500_000)
    for _ in range(2):
        run_again(committed_app, task_id)
    with committed_app.app_context():
        refund_id = db.session.scalars(select(Refund.id)).one()
    runner = committed_app.test_cli_runner()

    nobody = runner.invoke(args=["payments", "conclude-refund", "999999", "DONE"])
    done = runner.invoke(args=["payments", "conclude-refund", str(refund_id), "done", "--reference", "77"])

    assert (nobody.exit_code, "There is no such refund." in nobody.output, done.exit_code) == (1, True, 0)
    assert state(committed_app, paid_id) == ("SUCCESS", 500_000, "DONE", 7)
    with committed_app.app_context():
        audited = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "payment.refund_done")).one()
        assert (audited.subject_id, audited.data["amount"], audited.data["gateway_reference"]) == (paid_id, 500_000, "77")
        assert audited.data["reason"] == "concluded by an operator"


def test_a_conclusion_that_comes_too_late_is_not_taken_for_one(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    use_bank(REFUSED)
    tasks.refund(decide(committed_app, paid_id, 500_000))
    with committed_app.app_context():
        refund_id = db.session.scalars(select(Refund.id)).one()

    late = committed_app.test_cli_runner().invoke(args=["payments", "conclude-refund", str(refund_id), "DONE"])

    assert (late.exit_code, f"Refund {refund_id} is REFUSED; that cannot become DONE." in late.output) == (1, True)
    assert state(committed_app, paid_id) == ("SUCCESS", 0, "REFUSED", 10)


def test_an_answer_that_leaves_it_open_is_for_people(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    bank = use_bank(SILENT, RefundAnswer(RefundState.UNKNOWN, reason="95: nothing to refund"))
    task_id = decide(committed_app, paid_id)

    for _ in range(3):
        run_again(committed_app, task_id)

    assert len(bank.made) == 2
    assert state(committed_app, paid_id) == ("REFUNDED", 1_500_000, "UNKNOWN", 0)
    assert differences(committed_app) == [DifferenceKind.REFUND_UNANSWERED]


def test_a_second_refund_between_a_refusal_and_its_retry_stands_alone(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    bank = use_bank(REFUSED, DONE)
    refused = decide(committed_app, paid_id)
    tasks.refund(refused)
    undone = state(committed_app, paid_id)
    second = decide(committed_app, paid_id, 600_000)

    run_again(committed_app, refused)
    tasks.refund(second)
    run_again(committed_app, refused)

    assert undone == ("SUCCESS", 0, "REFUSED", 10)
    assert [order.amount for order in bank.made] == [1_500_000, 600_000]
    assert bank.made[0].id != bank.made[1].id
    assert state(committed_app, paid_id) == ("SUCCESS", 600_000, "DONE", 6)


def test_a_refund_decided_while_another_is_being_undone_keeps_to_what_was_paid(committed_app: APIFlask, use_bank: UseBank, paid_id: int) -> None:
    use_bank(REFUSED)
    first, second = decide(committed_app, paid_id, 900_000), decide(committed_app, paid_id, 600_000)
    whole = state(committed_app, paid_id)

    tasks.refund(first)
    third = decide(committed_app, paid_id)
    again = state(committed_app, paid_id)
    tasks.refund(second)

    assert (whole[:2], again[:2]) == (("REFUNDED", 1_500_000), ("REFUNDED", 1_500_000))
    assert state(committed_app, paid_id) == ("SUCCESS", 900_000, "REQUESTED", 4)
    with committed_app.app_context():
        assert [refund.amount for refund in db.session.scalars(select(Refund).order_by(Refund.id))] == [900_000, 600_000, 900_000]
        assert third != first
