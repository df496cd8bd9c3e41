"""Receipts and credit notes from the number to the buyer: PDF, routes, transactions, mail."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import SMTP
from io import BytesIO
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import func, select

from app.accounts.models import User
from app.core.clock import MARKET_ZONE, now
from app.core.outbox import Task, TaskState
from app.core.storage import StoredFile
from app.extensions import db
from app.payments.models import Refund, RefundStatus, Transaction
from app.payments.providers.base import RefundAnswer, RefundState
from app.payments.receipts import issuing, service
from app.payments.receipts.models import Receipt
from app.payments.refund_calls import record_answer
from tasks.mail import receipt as mail_receipt
from tasks.pdf import print_receipt
from tests.factories import AdminFactory, CompanyFactory
from tests.mail.smtp_server import Mailbox, serving
from tests.payments.builders import buy, buyer, pay
from tests.payments.receipt_builders import paid, refunded

SignIn = Callable[[User], FlaskClient]
PDF = b"%PDF-1.7 a receipt"
NUMBER = f"RC{now().astimezone(MARKET_ZONE).year}-000001"


@pytest.fixture
def bought(app: APIFlask, client: FlaskClient) -> Transaction:
    """A settled purchase of ten credits and thirty days for 1,500,000 VND."""
    transaction = buy()
    pay(client, transaction)
    return transaction


@pytest.fixture
def receipt(bought: Transaction) -> Receipt:
    """Its receipt, with a PDF."""
    issued = issuing.issue_receipt(bought.id)
    service.keep_pdf(issued.id, PDF)
    db.session.commit()
    return issued


@pytest.fixture
def note(receipt: Receipt) -> Receipt:
    """The credit note for a refund of 500,000 VND, with a PDF."""
    issued = issuing.issue_credit_note(refunded(receipt.transaction_id))
    service.keep_pdf(issued.id, PDF)
    db.session.commit()
    return issued


def receipt_of(transaction_id: int) -> str:
    return f"/api/v1/payments/transactions/{transaction_id}/receipt/"


def notes_of(transaction_id: int) -> str:
    return f"/api/v1/payments/transactions/{transaction_id}/credit-notes/"


def note_path(receipt_id: int) -> str:
    return f"/api/v1/payments/credit-notes/{receipt_id}/"


def owner_of(transaction: Transaction) -> User:
    return db.session.get_one(User, transaction.user_id)


def test_a_settlement_asks_for_one_receipt(bought: Transaction) -> None:
    tasks = db.session.scalars(select(Task).where(Task.name == "receipts.issue_receipt")).all()

    assert [task.args for task in tasks] == [{"transaction_id": bought.id}]


def test_the_receipt_is_for_its_owner_and_admins(bought: Transaction, receipt: Receipt, client: FlaskClient, sign_in: SignIn) -> None:
    own, admins = (sign_in(user).get(receipt_of(bought.id)) for user in (owner_of(bought), AdminFactory()))

    for answer in (own, admins):
        assert (answer.status_code, answer.data, answer.content_type) == (200, PDF, "application/pdf")
        assert answer.headers["Content-Disposition"] == f"attachment; filename={NUMBER}.pdf"
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert client.get(receipt_of(bought.id)).status_code == 401


def test_another_persons_documents_do_not_exist(bought: Transaction, note: Receipt, sign_in: SignIn) -> None:
    stranger = sign_in(buyer())

    answers = [stranger.get(path) for path in (receipt_of(bought.id), notes_of(bought.id), note_path(note.id))]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (404, "transaction_not_found"),
        (404, "transaction_not_found"),
        (404, "credit_note_not_found"),
    ]


def test_until_the_pdf_is_there_the_receipt_is_not_ready(bought: Transaction, sign_in: SignIn) -> None:
    caller = sign_in(owner_of(bought))
    before = caller.get(receipt_of(bought.id))
    issuing.issue_receipt(bought.id)
    db.session.commit()

    numbered = caller.get(receipt_of(bought.id))

    assert [(answer.status_code, answer.json["code"]) for answer in (before, numbered)] == [(404, "receipt_not_ready")] * 2
    assert caller.get(f"/api/v1/payments/transactions/{bought.id}/").json["receipt_url"] is None


def test_transactions_say_where_their_receipt_is(bought: Transaction, receipt: Receipt, sign_in: SignIn) -> None:
    pending = buy(owner_of(bought))
    caller = sign_in(owner_of(bought))

    rows = caller.get("/api/v1/payments/transactions/").json["results"]

    assert {row["id"]: row["receipt_url"] for row in rows} == {bought.id: receipt_of(bought.id), pending.id: None}
    assert caller.get(f"/api/v1/payments/transactions/{bought.id}/").json["receipt_url"] == receipt_of(bought.id)
    refund = sign_in(AdminFactory()).post(f"/api/v1/payments/{bought.id}/refund/", json={"amount": 1})
    assert refund.json["receipt_url"] == receipt_of(bought.id)


def test_the_list_asks_for_all_receipts_at_once(bought: Transaction, receipt: Receipt, sign_in: SignIn, count_queries: Callable[[], Any]) -> None:
    caller = sign_in(owner_of(bought))
    with count_queries() as few:
        caller.get("/api/v1/payments/transactions/")
    for _ in range(3):
        buy(owner_of(bought))

    with count_queries() as many:
        caller.get("/api/v1/payments/transactions/")

    assert len(many) == len(few)


def test_credit_notes_are_listed_and_served(bought: Transaction, note: Receipt, sign_in: SignIn) -> None:
    caller = sign_in(owner_of(bought))
    second = issuing.issue_credit_note(refunded(bought.id))
    db.session.commit()

    page = caller.get(f"{notes_of(bought.id)}?limit=1").json
    listed = caller.get(notes_of(bought.id)).json["results"]

    assert (page["count"], page["results"], page["previous"]) == (2, listed[:1], None)
    assert caller.get(page["next"]).json["results"] == listed[1:]
    assert [(row["id"], row["number"], row["amount"], row["currency"], row["url"]) for row in listed] == [
        (second.id, NUMBER.replace("RC", "CN").replace("01", "02"), 500_000, "VND", None),
        (note.id, NUMBER.replace("RC", "CN"), 500_000, "VND", note_path(note.id)),
    ]
    assert caller.get(note_path(note.id)).data == PDF
    assert sign_in(AdminFactory()).get(note_path(note.id)).status_code == 200
    assert caller.get(note_path(second.id)).status_code == 404
    assert caller.get(notes_of(bought.id)).status_code == 200


def test_a_receipt_is_no_credit_note(bought: Transaction, receipt: Receipt, client: FlaskClient, sign_in: SignIn) -> None:
    assert sign_in(owner_of(bought)).get(note_path(receipt.id)).status_code == 404
    assert client.get(note_path(receipt.id)).status_code == 401
    assert client.get(notes_of(bought.id)).status_code == 401


def test_the_receipt_keeps_what_was_true_when_it_was_issued(bought: Transaction, sign_in: SignIn) -> None:
    user = owner_of(bought)
    CompanyFactory(owner=user, name="Công ty Sao Mai")
    content = issuing.issue_receipt(bought.id).content
    user.full_name, user.email = "Tên khác", "other@example.com"
    db.session.commit()

    again = issuing.issue_receipt(bought.id).content

    assert again == content
    assert content["buyer"] == {"name": "Trần Quốc Bảo", "email": content["buyer"]["email"], "company": "Công ty Sao Mai"}
    assert content["item"] == {"name": "Gói 10 tin", "credits": 10, "days": 30, "unlimited": False}
    assert (content["transaction_code"], content["payment_no"], content["provider"]) == (bought.transaction_code, "14422574", "vnpay")


def test_an_owner_of_two_companies_is_named_without_one(bought: Transaction) -> None:
    for _ in range(2):
        CompanyFactory(owner=owner_of(bought))

    assert issuing.issue_receipt(bought.id).content["buyer"]["company"] == ""


def test_a_second_pdf_of_the_same_document_is_left_out(receipt: Receipt) -> None:
    service.keep_pdf(receipt.id, b"%PDF-1.7 another")

    assert db.session.scalars(select(StoredFile.sha256)).one() == db.session.get_one(StoredFile, receipt.file_id).sha256
    assert db.session.scalar(select(func.count()).select_from(Task).where(Task.name == "mail.receipt")) == 1


def test_the_tasks_print_once_and_mail_once(worker_app: APIFlask) -> None:
    with worker_app.app_context():
        [transaction_id] = paid(1)
        issuing.issue_receipt(transaction_id)
        db.session.commit()
        print_id = db.session.scalars(select(Task.id).where(Task.name == "pdf.receipt")).one()
    for _ in range(2):
        print_receipt(print_id)
    with worker_app.app_context():
        mail_id = db.session.scalars(select(Task.id).where(Task.name == "mail.receipt")).one()

    with serving() as mailbox:
        worker_app.config["SMTP_URL"] = mailbox.url
        for _ in range(2):
            mail_receipt(mail_id)

    with worker_app.app_context():
        task = db.session.get_one(Task, print_id)
        receipt = db.session.scalars(select(Receipt)).one()
        assert (task.state, task.result_url, task.owner_id) == (TaskState.DONE, receipt_of(transaction_id), receipt.transaction.user_id)
        assert receipt.file is not None
        _check_mail(mailbox, receipt)


def _check_mail(mailbox: Mailbox, receipt: Receipt) -> None:
    [message] = [message_from_bytes(raw, policy=SMTP) for raw in mailbox.messages]
    [attached] = message.iter_attachments()
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(attached.get_content())).pages)
    assert message["Subject"] == f"Biên nhận thanh toán {NUMBER} / Payment receipt"
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", f"{NUMBER}.pdf")
    assert "1.500.000 VND" in message.get_body(("plain",)).get_content()
    assert "Một triệu năm trăm nghìn đồng" in " ".join(text.split())
    assert receipt.transaction.transaction_code in text


def test_a_refund_brings_its_credit_note_once_the_gateway_has_paid(bought: Transaction) -> None:
    refund = Refund(transaction_id=bought.id, amount=500_000, credits_taken=3, reason="Mua nhầm", status=RefundStatus.REQUESTED)
    db.session.add(refund)
    db.session.flush()
    requested = db.session.scalar(select(func.count()).select_from(Task).where(Task.name == "receipts.issue_credit_note"))

    record_answer(refund.id, RefundAnswer(RefundState.DONE, "R1"))

    assert requested == 0
    assert db.session.scalars(select(Task.args).where(Task.name == "receipts.issue_credit_note")).all() == [{"refund_id": refund.id}]
