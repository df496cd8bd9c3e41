"""Counters, receipts, rates and notifications that stay exact when both sides act at once or something breaks."""

import io
import random
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.applications.models import Application
from app.core import storage, time_ids
from app.core.outbox import Task, TaskState
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.core.uploads import Upload
from app.extensions import db
from app.messaging import service
from app.messaging.models import Conversation, Message, Participant
from app.notifications.models import Inbox, Notification
from tasks import base
from tasks.notifications import deliver

CHATS = "/api/v1/chats/conversations/"
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def together(committed_app: APIFlask) -> Callable[..., None]:
    """Run calls at once, each in a unit of work of its own; the first error of any is raised."""

    def run(*calls: Callable[[], object]) -> None:
        barrier, errors = threading.Barrier(len(calls)), list[BaseException]()

        def work(call: Callable[[], object]) -> None:
            try:
                with committed_app.app_context():
                    barrier.wait(timeout=10)
                    call()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    return run


@pytest.mark.parametrize("about_a_job", [True, False])
def test_a_pair_that_opens_at_once_gets_one_conversation(
    committed_app: APIFlask, pair: tuple[int, int, int], together: Callable[..., None], about_a_job: bool
) -> None:
    application_id, *people = pair
    opened: list[tuple[int, bool]] = []

    def opening(actor_id: int, partner_id: int) -> None:
        with unit_of_work():
            actor = db.session.get_one(User, actor_id)
            without = partial(service.open_with_partner, actor, partner_id, None)
            found = service.open_about_application(actor, application_id) if about_a_job else without()
            opened.append((found.conversation.id, found.is_new))

    together(*[lambda one=one, other=other: opening(one, other) for one, other in (people, people[::-1]) for _ in range(4)])

    with committed_app.app_context():
        assert db.session.scalars(select(Conversation.job_id.is_(None))).all() == [not about_a_job]
        assert db.session.scalars(select(Participant.user_id).order_by(Participant.user_id)).all() == sorted(people)
    assert (len({number for number, _ in opened}), sum(is_new for _, is_new in opened)) == (1, 1)


def test_unread_is_what_lies_after_the_mark_whatever_happens_at_once(
    committed_app: APIFlask, pair: tuple[int, int, int], together: Callable[..., None]
) -> None:
    application_id, *people = pair
    with committed_app.app_context(), unit_of_work():
        chat = service.open_about_application(db.session.get_one(User, people[0]), application_id).conversation.id

    def act(user_id: int, seed: int) -> None:
        choose = random.Random(seed)
        for number in range(12):
            with unit_of_work():
                conversation = service.get_conversation(user_id, chat)
                step = choose.choice(("post", "post", "post", "read", "read to", "hide"))
                if step == "post":
                    service.post_message(db.session.get_one(User, user_id), conversation, f"{seed} {number}")
                elif step == "hide":
                    service.hide(user_id, conversation)
                else:
                    ids = [found.id for found in service.list_messages(conversation, before_id=2**53 - 1, limit=5, offset=0)]
                    service.mark_read(user_id, conversation, choose.choice(ids) if ids and step == "read to" else None)

    together(*[lambda user_id=user_id, seed=seed: act(user_id, seed) for seed, user_id in enumerate(people * 3)])

    with committed_app.app_context():
        sides = db.session.scalars(select(Participant)).all()
        messages = db.session.scalars(select(Message)).all()
        for side in sides:
            later = [found for found in messages if found.sender_id != side.user_id and found.id > side.read_up_to]
            assert side.unread == len(later)
            assert service.count_unread(side.user_id) == len(later)
        assert len(messages) > 20


def test_a_receipt_covers_what_was_seen_and_not_what_came_after(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    ids = [candidate.post(f"{CHATS}{chat}/messages/", json={"message": content}).json["id"] for content in ("một", "hai", "ba")]

    seen = recruiter.post(f"{CHATS}{chat}/read/", json={"up_to": ids[1]})
    back = recruiter.post(f"{CHATS}{chat}/read/", json={"up_to": ids[0]})
    receipts = {row["content"]: row["is_read"] for row in candidate.get(f"{CHATS}{chat}/messages/").json["results"]}
    beyond = recruiter.post(f"{CHATS}{chat}/read/", json={"up_to": 2**53 - 1})
    candidate.post(f"{CHATS}{chat}/messages/", json={"message": "bốn"})

    assert (seen.json["unread_count"], back.json["unread_count"], beyond.json["unread_count"]) == (1, 1, 0)
    assert receipts == {"một": True, "hai": True, "ba": False}
    assert candidate.get(f"{CHATS}{chat}/messages/").json["results"][0]["is_read"] is False
    assert recruiter.get("/api/v1/chats/unread-count/").json == {"count": 1}


def test_messages_keep_their_order_when_the_databases_clock_is_put_back(
    application: Application, candidate: FlaskClient, recruiter: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    before = candidate.post(f"{CHATS}{chat}/messages/", json={"message": "trước"}).json["id"]
    recruiter.post(f"{CHATS}{chat}/read/")
    monkeypatch.setattr(time_ids, "new_time_id", lambda: before - (600_000 << time_ids.SEQUENCE_BITS))

    for text in ("một", "hai"):
        candidate.post(f"{CHATS}{chat}/messages/", json={"message": text})

    listed = recruiter.get(f"{CHATS}{chat}/messages/").json["results"]
    assert [message["content"] for message in listed] == ["hai", "một", "trước"]
    assert recruiter.get(f"{CHATS}{chat}/").json["unread_count"] == 2
    assert recruiter.post(f"{CHATS}{chat}/read/").json["unread_count"] == 0
    assert all(message["is_read"] for message in candidate.get(f"{CHATS}{chat}/messages/").json["results"])


@pytest.mark.parametrize("mark", [0, -1, 2**53, "x", True])
def test_a_read_mark_that_is_no_message_id_is_refused(application: Application, candidate: FlaskClient, mark: object) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]

    answer = candidate.post(f"{CHATS}{chat}/read/", json={"up_to": mark})

    assert (answer.status_code, list(answer.json["errors"])) == (400, ["up_to"])


def test_reading_ones_own_messages_gives_no_receipt(application: Application, candidate: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id, "message": "một"}).json["id"]

    candidate.post(f"{CHATS}{chat}/read/")

    assert [row["is_read"] for row in candidate.get(f"{CHATS}{chat}/messages/").json["results"]] == [False]


def test_the_rate_counts_messages_by_whichever_way_they_are_sent(app: APIFlask, application: Application, candidate: FlaskClient) -> None:
    opening = {"application_id": application.id, "message": "Xin chào"}
    app.config["MESSAGE_SEND_RATE"] = "3/hour"
    try:
        sent = [candidate.post(CHATS, json=opening), candidate.post(CHATS, json=opening)]
        chat = sent[0].json["id"]
        refused = candidate.post(f"{CHATS}{chat}/messages/", json={"message": " "})
        sent.append(candidate.post(f"{CHATS}{chat}/messages/", json={"message": "ba"}))
        late = [candidate.post(CHATS, json=opening), candidate.post(f"{CHATS}{chat}/messages/", json={"message": "bốn"})]
    finally:
        app.config["MESSAGE_SEND_RATE"] = ""

    assert [answer.status_code for answer in sent] == [201, 200, 201]
    assert refused.status_code == 400
    assert [(answer.status_code, answer.json["code"]) for answer in late] == [(429, "rate_limited")] * 2
    assert db.session.scalar(select(func.count()).select_from(Message)) == 3


def test_opening_again_without_a_message_costs_nothing(app: APIFlask, application: Application, candidate: FlaskClient) -> None:
    app.config["MESSAGE_SEND_RATE"] = "1/hour"
    try:
        answers = [candidate.post(CHATS, json={"application_id": application.id}).status_code]
        app.config["MESSAGE_SEND_RATE"] = "2/hour"
        answers += [candidate.post(CHATS, json={"application_id": application.id}).status_code for _ in range(3)]
    finally:
        app.config["MESSAGE_SEND_RATE"] = ""

    assert answers == [201, 200, 200, 200]


def test_an_attachment_reaches_both_sides_as_it_was_sent(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    form = {"message": "CV của tôi", "attachment": (io.BytesIO(PDF), "thư.pdf")}

    address = candidate.post(f"{CHATS}{chat}/messages/", data=form, content_type="multipart/form-data").json["attachment"]
    found = [caller.get(address) for caller in (candidate, recruiter)]

    assert [(answer.status_code, answer.data, answer.mimetype) for answer in found] == [(200, PDF, "application/pdf")] * 2
    assert "filename*=UTF-8''th%C6%B0.pdf" in found[1].headers["Content-Disposition"]


def test_a_blocked_sender_leaves_neither_message_nor_file(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    recruiter.post("/api/v1/chats/blocks/", json={"user_id": application.candidate_id})
    form = {"attachment": (io.BytesIO(PDF), "thư.pdf")}

    posted = candidate.post(f"{CHATS}{chat}/messages/", data=form, content_type="multipart/form-data")
    opened = candidate.post(CHATS, json={"application_id": application.id, "message": "nghe này"})

    assert [(answer.status_code, answer.json["code"]) for answer in (posted, opened)] == [(403, "blocked")] * 2
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 0
    assert db.session.scalar(select(func.count()).select_from(Task)) == 0


def test_a_file_is_stored_before_the_conversation_is_locked(app: APIFlask, application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = service.open_about_application(application.candidate, application.id).conversation
    order: list[str] = []
    lock, save = service._lock_sides, storage.save
    monkeypatch.setattr(service, "_lock_sides", lambda *a: order.append("locked") or lock(*a))
    monkeypatch.setattr(service, "save", lambda *a, **k: order.append("stored") or save(*a, **k))

    service.post_message(application.candidate, chat, "", Upload("a.pdf", "application/pdf", PDF))

    assert order == ["stored", "locked"]


@pytest.fixture
def worker(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A worker that works off every notification that is due."""
    monkeypatch.setattr(base, "flask_app", committed_app)

    def work() -> None:
        with committed_app.app_context():
            found = db.session.scalars(select(Task.id).where(Task.name == "notifications.deliver", Task.state != TaskState.DONE)).all()
        for task_id in found:
            deliver(task_id)

    yield work


def test_a_committed_message_and_its_notification_are_one(
    committed_app: APIFlask, pair: tuple[int, int, int], worker: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id, candidate_id, recruiter_id = pair

    def post(text: str) -> None:
        actor = db.session.get_one(User, candidate_id)
        service.post_message(actor, service.open_about_application(actor, application_id).conversation, text)

    with committed_app.app_context():
        with pytest.raises(RuntimeError), unit_of_work():
            post("mất")
            raise RuntimeError
        with unit_of_work():
            post("còn")
        db.session.remove()
    worker()
    worker()

    with committed_app.app_context():
        told = db.session.execute(select(Notification.user_id, Notification.message, Notification.link)).all()
        [message] = db.session.scalars(select(Message)).all()
        assert [tuple(row) for row in told] == [(recruiter_id, "còn", f"/chats/{message.conversation_id}")]
        assert db.session.get_one(Inbox, recruiter_id).unread == 1
