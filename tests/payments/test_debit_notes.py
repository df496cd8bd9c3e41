"""A refund that the gateway took back after its credit note: the note stands, and a numbered debit note undoes it."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import SMTP

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.accounts.models import User
from app.core.clock import MARKET_ZONE, now
from app.core.outbox import Task
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import ledger_check, refunds
from app.payments.models import Refund, RefundStatus, Transaction
from app.payments.providers.base import RefundAnswer, RefundState
from app.payments.receipts import issuing, numbering, service, upkeep
from app.payments.receipts.models import Receipt, Series
from app.payments.refund_calls import record_answer
from tasks.mail import receipt as mail_receipt
from tasks.receipts import issue_credit_note, issue_debit_note
from tests.factories import AdminFactory
from tests.mail.smtp_server import serving
from tests.payments.builders import buy, pay
from tests.payments.receipt_builders import paid, refunded
from tests.payments.receipt_press import render
from tests.payments.test_receipts_printing import text_of

SignIn = Callable[[User], FlaskClient]
YEAR = now().astimezone(MARKET_ZONE).year
DONE = RefundAnswer(RefundState.DONE, "re_1")
CAME_BACK = RefundAnswer(RefundState.REFUSED, reason="expired_or_canceled_card")


@pytest.fixture
def refund(app: APIFlask, client: FlaskClient) -> Refund:
    """A third of 1,500,000 VND given back, which the gateway has said is done."""
    transaction = buy()
    pay(client, transaction)
    refunds.refund(AdminFactory().id, transaction.id, 500_000, "Mua nhầm")
    found = db.session.scalars(select(Refund)).one()
    record_answer(found.id, DONE)
    db.session.commit()
    return found


def asked(name: str) -> list[int]:
    """The tasks of that name."""
    return list(db.session.scalars(select(Task.id).where(Task.name == name).order_by(Task.id)))


def documents() -> list[tuple[str, int]]:
    """Number and amount of every note, in the order of their issue."""
    notes = select(Receipt).where(Receipt.refund_id.is_not(None)).order_by(Receipt.id)
    return [(note.number, note.content["amount"]) for note in db.session.scalars(notes)]


def test_a_credit_note_stands_and_a_debit_note_undoes_it(refund: Refund, sign_in: SignIn) -> None:
    note = issuing.issue_credit_note(refund.id)
    said = note.content

    record_answer(refund.id, CAME_BACK)
    first, again = issuing.issue_debit_note(refund.id), issuing.issue_debit_note(refund.id)
    db.session.commit()

    assert documents() == [(f"CN{YEAR}-000001", 500_000), (f"DN{YEAR}-000001", 500_000)]
    assert first is again
    assert asked(issuing.ISSUE_DEBIT_NOTE) != []
    assert note.content == said
    assert first.content["correction"] == {
        **said["correction"],
        "cancels": f"CN{YEAR}-000001",
        "reason": "expired_or_canceled_card",
    }
    assert (upkeep.find_faults(), ledger_check.check()) == ([], [])
    listed = sign_in(db.session.get_one(User, note.transaction.user_id)).get(f"/api/v1/payments/transactions/{refund.transaction_id}/credit-notes/")
    assert [(row["series"], row["number"], row["cancels"]) for row in listed.json["results"]] == [
        ("DEBIT_NOTE", f"DN{YEAR}-000001", f"CN{YEAR}-000001"),
        ("CREDIT_NOTE", f"CN{YEAR}-000001", None),
    ]


def test_a_refund_that_came_back_before_its_number_needs_no_document(refund: Refund) -> None:
    record_answer(refund.id, CAME_BACK)

    notes = [issuing.issue_credit_note(refund.id), issuing.issue_debit_note(refund.id)]

    assert notes == [None, None]
    assert documents() == []


def test_a_refund_that_was_never_done_asks_for_nothing(refund: Refund) -> None:
    refunds.refund(AdminFactory().id, refund.transaction_id, 100_000, "")
    second = db.session.scalars(select(Refund).where(Refund.id != refund.id)).one()

    record_answer(second.id, CAME_BACK)

    assert asked(issuing.ISSUE_DEBIT_NOTE) == []
    assert db.session.get_one(Transaction, refund.transaction_id).refunded_amount == 500_000


def test_no_debit_note_is_issued_while_the_refund_stands(refund: Refund) -> None:
    issuing.issue_credit_note(refund.id)

    assert issuing.issue_debit_note(refund.id) is None
    assert len(documents()) == 1


def test_what_is_missing_is_asked_for(refund: Refund) -> None:
    issuing.issue_credit_note(refund.id)
    refund.status, refund.answered_at = RefundStatus.REFUSED, now()
    db.session.commit()

    assert list(upkeep.request_missing()) == [1, 2]

    assert len(asked(issuing.ISSUE_DEBIT_NOTE)) == 1


def test_the_page_says_what_it_undoes(refund: Refund) -> None:
    issuing.issue_credit_note(refund.id)
    record_answer(refund.id, CAME_BACK)
    note = issuing.issue_debit_note(refund.id)

    page = text_of(render(service.to_print(note.id)))

    for words in ("Phiếu huỷ hoàn tiền", "Debit note", f"DN{YEAR}-000001", f"CN{YEAR}-000001", "Posting credits returned: 3", "Refund failed at"):
        assert words in page
    assert "Refunded at" not in page


def test_the_tasks_number_and_mail_it(worker_app: APIFlask) -> None:
    with worker_app.app_context():
        [transaction_id] = paid(1)
        refund_id = refunded(transaction_id)
        [note_task] = asked(issuing.ISSUE_CREDIT_NOTE)
    issue_credit_note(note_task)
    with worker_app.app_context():
        with unit_of_work():
            db.session.get_one(Refund, refund_id).status = RefundStatus.REFUSED
            issuing.request_debit_note(refund_id)
        [debit_task] = asked(issuing.ISSUE_DEBIT_NOTE)

    for _ in range(2):
        issue_debit_note(debit_task)

    with worker_app.app_context():
        assert [number for number, _ in documents()] == [f"CN{YEAR}-000001", f"DN{YEAR}-000001"]
        with unit_of_work():
            issued = db.session.scalars(select(Receipt).where(Receipt.series == Series.DEBIT_NOTE)).one()
            service.keep_pdf(issued.id, b"%PDF-1.7 a debit note")
        [mail_task] = asked("mail.receipt")
    with serving() as mailbox:
        worker_app.config["SMTP_URL"] = mailbox.url
        mail_receipt(mail_task)
    [message] = [message_from_bytes(raw, policy=SMTP) for raw in mailbox.messages]
    assert message["Subject"] == f"Phiếu huỷ hoàn tiền DN{YEAR}-000001 / Debit note"
    assert f"cancels credit note CN{YEAR}-000001" in " ".join(message.get_body(("plain",)).get_content().split())


def test_a_refund_cannot_come_back_while_its_credit_note_gets_its_number(worker_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_line, refused = numbering.stand_in_line, []

    def stand_and_look(series: Series) -> int:
        with db.engine.connect() as other, pytest.raises(OperationalError, match="could not obtain lock"):
            other.execute(text("SELECT id FROM refunds FOR UPDATE NOWAIT"))
        refused.append(series)
        return stand_in_line(series)

    monkeypatch.setattr(numbering, "stand_in_line", stand_and_look)
    with worker_app.app_context():
        [transaction_id] = paid(1)
        refund_id = refunded(transaction_id)

        issuing.issue_credit_note(refund_id)
        db.session.commit()

    assert refused == [Series.RECEIPT, Series.CREDIT_NOTE]
