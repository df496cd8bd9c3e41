"""Who may talk to whom, exact counters, read marks, hostile text."""

import io
import threading
from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.applications.models import Application
from app.core.outbox import Task
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.messaging import service
from app.messaging.models import Conversation, Message, Participant
from tests.factories import ApplicationFactory, CandidateFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]
CHATS = "/api/v1/chats/conversations/"


def test_both_sides_open_the_same_conversation(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    opened = candidate.post(CHATS, json={"application_id": application.id, "message": "Xin chào"})
    again = recruiter.post(CHATS, json={"partner_id": application.candidate_id, "job_id": application.job_id})

    assert (opened.status_code, again.status_code) == (201, 200)
    assert opened.json["id"] == again.json["id"]
    assert opened.json["partner"]["id"] == application.company.owner_id
    assert set(opened.json["partner"]) == {"id", "full_name", "avatar", "user_type"}
    assert again.json["partner"]["id"] == application.candidate_id
    assert again.json["last_message"]["content"] == "Xin chào"
    assert (opened.json["unread_count"], again.json["unread_count"]) == (0, 1)
    assert again.json["job"]["title"] == "Kỹ sư phần mềm"


def test_a_pair_without_a_job_has_one_conversation(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    first = candidate.post(CHATS, json={"partner_id": application.company.owner_id})
    second = recruiter.post(CHATS, json={"partner_id": application.candidate_id})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert first.json["job"] is None


def test_nobody_writes_to_people_without_an_application_between_them(application: Application, sign_in: SignIn) -> None:
    stranger = sign_in(RecruiterFactory())

    by_partner = stranger.post(CHATS, json={"partner_id": application.candidate_id, "job_id": application.job_id})
    by_application = stranger.post(CHATS, json={"application_id": application.id})

    assert [by_partner.status_code, by_application.status_code] == [400, 400]
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 0


def test_messages_are_counted_read_and_seen_as_read(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    for body in ({"message": "một"}, {"content": "hai"}):
        assert candidate.post(f"{CHATS}{chat}/messages/", json=body).status_code == 201

    unread = recruiter.get("/api/v1/chats/unread-count/").json
    before = candidate.get(f"{CHATS}{chat}/messages/").json["results"]
    recruiter.post(f"{CHATS}{chat}/read/")
    after = candidate.get(f"{CHATS}{chat}/messages/").json["results"]

    assert unread == {"count": 2}
    assert [(row["content"], row["is_read"]) for row in before] == [("hai", False), ("một", False)]
    assert [row["is_read"] for row in after] == [True, True]
    assert recruiter.get("/api/v1/chats/unread-count/").json == {"count": 0}


def test_each_message_leaves_one_notification_to_be_made(application: Application, candidate: FlaskClient) -> None:
    candidate.post(CHATS, json={"application_id": application.id, "message": "Xin chào"})

    told = db.session.scalars(select(Task.args).where(Task.name == "notifications.deliver")).all()

    assert [(args["user_id"], args["type"], args["message"]) for args in told] == [(application.company.owner_id, "NEW_MESSAGE", "Xin chào")]


@pytest.mark.parametrize("path", ["", "messages/", "read/"])
def test_a_third_person_sees_no_conversation(application: Application, candidate: FlaskClient, sign_in: SignIn, path: str) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id, "message": "riêng tư"}).json["id"]
    stranger = sign_in(CandidateFactory())

    answer = stranger.post(f"{CHATS}{chat}/{path}") if path == "read/" else stranger.get(f"{CHATS}{chat}/{path}")

    assert answer.status_code == 404
    assert stranger.get(CHATS).json["results"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"message": ""}, {"message": "  "}, {"message": "\u200b \u2060"}, {"message": "x" * 5001}, {"message": "a", "content": "b"}, {"text": "a"}],
)
def test_a_bad_message_is_refused_and_changes_nothing(application: Application, candidate: FlaskClient, body: dict[str, str]) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]

    answer = candidate.post(f"{CHATS}{chat}/messages/", json=body)

    assert answer.status_code == 400
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_emoji_joined_by_what_is_not_seen_are_a_message(application: Application, candidate: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]

    answer = candidate.post(f"{CHATS}{chat}/messages/", json={"message": "👨\u200d👩\u200d👧"})

    assert (answer.status_code, answer.json["content"]) == (201, "👨\u200d👩\u200d👧")


@pytest.mark.parametrize("name", ["thư.html", "thư.pdf", "ảnh.png"])
def test_a_refused_file_is_told_what_may_be_attached(application: Application, candidate: FlaskClient, name: str) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    form = {"attachment": (io.BytesIO(b"<script>"), name)}

    answer = candidate.post(f"{CHATS}{chat}/messages/", data=form, content_type="multipart/form-data")

    assert (answer.status_code, answer.json["detail"]) == (415, "Attach a PDF, DOC or DOCX file, or a PNG, JPEG or WebP image.")
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_an_empty_text_may_come_with_a_file(application: Application, candidate: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id, "message": ""}).json["id"]
    form = {"message": "", "attachment": (io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "thư.pdf")}

    answer = candidate.post(f"{CHATS}{chat}/messages/", data=form, content_type="multipart/form-data")

    assert (answer.status_code, answer.json["content"]) == (201, "")
    assert answer.json["attachment"] == f"/api/v1/media/message/{answer.json['id']}/"


@pytest.mark.parametrize("path", ["", "{chat}/messages/"])
def test_no_other_order_is_promised_than_is_kept(application: Application, candidate: FlaskClient, path: str) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    address = CHATS + path.format(chat=chat)

    kept = candidate.get(f"{address}?ordering={'-created_at' if path else '-last_message_at'}")
    refused = candidate.get(f"{address}?ordering=created_at")

    assert (kept.status_code, refused.status_code) == (200, 400)
    assert list(refused.json["errors"]) == ["ordering"]


def test_a_block_stops_both_and_can_be_taken_back(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    candidate.post("/api/v1/chats/blocks/", json={"user_id": application.company.owner_id})

    blocked = [caller.post(f"{CHATS}{chat}/messages/", json={"message": "nghe này"}) for caller in (candidate, recruiter)]
    candidate.delete(f"/api/v1/chats/blocks/{application.company.owner_id}/")
    allowed = recruiter.post(f"{CHATS}{chat}/messages/", json={"message": "nghe này"})

    assert [(answer.status_code, answer.json["code"]) for answer in blocked] == [(403, "blocked")] * 2
    assert allowed.status_code == 201


def test_a_hidden_conversation_comes_back_with_the_next_message(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id, "message": "một"}).json["id"]
    recruiter.delete(f"{CHATS}{chat}/")
    hidden = recruiter.get(CHATS).json["count"]
    candidate.post(f"{CHATS}{chat}/messages/", json={"message": "hai"})

    assert hidden == 0
    assert recruiter.get(CHATS).json["count"] == 1
    assert candidate.get(CHATS).json["count"] == 1


def test_a_page_of_conversations_costs_a_constant_number_of_queries(sign_in: SignIn, count_queries: Callable[[], object]) -> None:
    recruiter = RecruiterFactory()
    caller = sign_in(recruiter)

    def queries_for(number: int) -> int:
        for _ in range(number):
            application = ApplicationFactory(job__company__owner=recruiter)
            opened = service.open_about_application(recruiter, application.id)
            service.post_message(recruiter, opened.conversation, "Xin chào")
        db.session.commit()
        with count_queries() as statements:  # type: ignore[attr-defined]
            assert caller.get(f"{CHATS}?limit=100").status_code == 200
        return len(statements)

    assert queries_for(2) == queries_for(20)


def test_counters_stay_exact_when_both_sides_write_and_read_at_once(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        application = ApplicationFactory()
        people = (application.candidate_id, application.company.owner_id)
        chat = service.open_about_application(application.candidate, application.id).conversation.id

    def write(user_id: int, times: int) -> None:
        for number in range(times):
            with committed_app.app_context(), unit_of_work():
                user = db.session.get_one(User, user_id)
                service.post_message(user, service.get_conversation(user_id, chat), f"số {number}")

    threads = [threading.Thread(target=write, args=(user_id, 10)) for user_id in people for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with committed_app.app_context():
        sides = db.session.scalars(select(Participant).order_by(Participant.user_id)).all()
        ids = db.session.scalars(select(Message.id)).all()
        assert [side.unread for side in sides] == [30, 30]
        assert len(set(ids)) == 60
        assert {side.last_message_id for side in sides} == {max(ids)}
