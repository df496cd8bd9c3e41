"""A message that a client sends again, because no answer came, is one message."""

import threading
from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts import sessions
from app.applications.models import Application
from app.core.outbox import Task
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.messaging import service
from app.messaging.models import Message, Participant
from tests.factories import ApplicationFactory

CHATS = "/api/v1/chats/conversations/"
PDF = b"%PDF-1.4\n%%EOF\n"
KEY = {"Idempotency-Key": "a-first-message"}


@pytest.fixture
def limited(app: APIFlask) -> Iterator[Callable[[str], None]]:
    """Sets MESSAGE_SEND_RATE until the test ends."""

    def limit(rate: str) -> None:
        app.config["MESSAGE_SEND_RATE"] = rate

    yield limit
    app.config["MESSAGE_SEND_RATE"] = ""


def test_a_message_sent_again_is_answered_as_at_first_and_costs_nothing(
    application: Application, candidate: FlaskClient, recruiter: FlaskClient, limited: Callable[[str], None]
) -> None:
    limited("3/hour")
    opening = {"application_id": application.id, "message": "Xin chào"}
    opened = [candidate.post(CHATS, json=opening, headers=KEY) for _ in range(3)]
    chat = f"{CHATS}{opened[0].json['id']}/messages/"

    posted = [candidate.post(chat, json={"message": "một"}, headers=KEY) for _ in range(3)]
    another = candidate.post(chat, json={"message": "hai"}, headers=KEY)
    third = candidate.post(chat, json={"message": "ba"})

    assert {(answer.status_code, answer.data) for answer in opened} == {(201, opened[0].data)}
    assert {(answer.status_code, answer.data) for answer in posted} == {(201, posted[0].data)}
    assert (another.status_code, third.status_code) == (422, 201)
    assert db.session.scalars(select(Message.content).order_by(Message.id)).all() == ["Xin chào", "một", "ba"]
    assert recruiter.get("/api/v1/chats/unread-count/").json == {"count": 3}


def test_a_file_sent_again_is_stored_once(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    part = b'--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    form = part + PDF + b"\r\n--b--\r\n"

    sent = [candidate.post(f"{CHATS}{chat}/messages/", data=form, content_type="multipart/form-data; boundary=b", headers=KEY) for _ in range(2)]

    assert {(answer.status_code, answer.data) for answer in sent} == {(201, sent[0].data)}
    assert recruiter.get(sent[0].json["attachment"]).data == PDF
    assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 1


def test_a_message_sent_twice_at_once_is_one(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        made = ApplicationFactory()
        chat = service.open_about_application(made.candidate, made.id).conversation.id
        bearer = {"Authorization": f"Bearer {sessions.open_session(made.candidate).access}"}
    answers = []

    def send() -> None:
        caller = committed_app.test_client(use_cookies=False)
        answers.append(caller.post(f"{CHATS}{chat}/messages/", json={"message": "một"}, headers={**KEY, **bearer}))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Message)) == 1
        assert db.session.scalar(select(func.count()).where(Task.name == "notifications.deliver")) == 1
        assert db.session.scalar(select(func.sum(Participant.unread))) == 1
