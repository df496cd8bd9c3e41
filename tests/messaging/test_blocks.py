"""A block holds from the moment it is answered: nothing that is under way slips through, and nothing new is opened."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.applications.models import Application
from app.companies.models import Company
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.core.uploads import Upload
from app.extensions import db
from app.messaging import blocking, service
from app.messaging.errors import Blocked
from app.messaging.models import Conversation, Message
from tests.factories import ApplicationFactory, JobFactory, RecruiterFactory
from tests.locks import await_waiting_lock

CHATS = "/api/v1/chats/conversations/"
BLOCKS = "/api/v1/chats/blocks/"


@pytest.mark.parametrize("who_blocks", ["candidate", "recruiter"])
def test_nothing_new_is_opened_between_two_of_whom_one_has_blocked_the_other(
    application: Application, candidate: FlaskClient, recruiter: FlaskClient, who_blocks: str
) -> None:
    owner_id, candidate_id = application.company.owner_id, application.candidate_id
    chat = candidate.post(CHATS, json={"application_id": application.id}).json["id"]
    company = db.session.get(Company, application.company_id)
    another = ApplicationFactory(candidate=application.candidate, job=JobFactory(company=company))
    db.session.commit()
    caller, other_id = (candidate, owner_id) if who_blocks == "candidate" else (recruiter, candidate_id)
    caller.post(BLOCKS, json={"user_id": other_id})

    opened = [side.post(CHATS, json={"application_id": another.id}) for side in (candidate, recruiter)]
    opened.append(candidate.post(CHATS, json={"partner_id": owner_id}))
    known = candidate.post(CHATS, json={"application_id": application.id})

    assert [(answer.status_code, answer.json["code"]) for answer in opened] == [(403, "blocked")] * 3
    assert (known.status_code, known.json["id"]) == (200, chat)
    assert [side.get(CHATS).json["count"] for side in (candidate, recruiter)] == [1, 1]


def test_people_see_whom_they_have_blocked_and_not_who_has_blocked_them(
    application: Application, candidate: FlaskClient, recruiter: FlaskClient, count_queries: Callable[[], Any]
) -> None:
    owner, another = application.company.owner, RecruiterFactory()
    for person in (owner, another):
        candidate.post(BLOCKS, json={"user_id": person.id})

    with count_queries() as statements:
        listed = candidate.get(BLOCKS).json

    assert [row["user"]["id"] for row in listed["results"]] == [another.id, owner.id]
    assert set(listed["results"][0]["user"]) == {"id", "full_name", "avatar", "user_type"}
    assert (listed["count"], recruiter.get(BLOCKS).json["results"]) == (2, [])
    candidate.delete(f"{BLOCKS}{another.id}/")
    assert [row["user"]["id"] for row in candidate.get(BLOCKS).json["results"]] == [owner.id]
    assert candidate.get(f"{BLOCKS}?ordering=user_id").status_code == 400
    assert len([statement for statement in statements if "FROM blocks" in statement]) == 2


@pytest.mark.parametrize("number", [0, -1, 2**63, 2**70, True, "x"])
def test_whom_to_block_is_an_id(candidate: FlaskClient, number: object) -> None:
    answer = candidate.post(BLOCKS, json={"user_id": number})

    assert (answer.status_code, list(answer.json["errors"])) == (400, ["user_id"])


def test_a_block_while_a_file_is_being_stored_stops_its_message(
    committed_app: APIFlask, pair: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id, candidate_id, recruiter_id = pair
    store = service._store

    def blocked_meanwhile(*args: object) -> StoredFile | None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_block, committed_app, recruiter_id, candidate_id).result(30)
        return store(*args)  # type: ignore[arg-type]

    with committed_app.app_context(), unit_of_work():
        sender = db.session.get_one(User, candidate_id)
        chat = service.open_about_application(sender, application_id).conversation.id
    monkeypatch.setattr(service, "_store", blocked_meanwhile)

    with committed_app.app_context(), pytest.raises(Blocked), unit_of_work():
        sender = db.session.get_one(User, candidate_id)
        file = Upload("a.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n")
        service.post_message(sender, service.get_conversation(candidate_id, chat), "", file)

    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Message)) == 0
        assert db.session.scalar(select(func.count()).select_from(StoredFile)) == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_a_block_waits_for_a_message_that_is_just_being_committed(committed_app: APIFlask, pair: tuple[int, int, int], is_known: bool) -> None:
    application_id, candidate_id, recruiter_id = pair

    def post(content: str) -> None:
        sender = db.session.get_one(User, candidate_id)
        service.post_message(sender, service.open_about_application(sender, application_id).conversation, content)
        db.session.flush()

    if is_known:
        with committed_app.app_context(), unit_of_work():
            service.open_about_application(db.session.get_one(User, candidate_id), application_id)
    with ThreadPoolExecutor(1) as pool:
        with committed_app.app_context(), unit_of_work():
            post("vừa kịp")
            blocked = pool.submit(_block, committed_app, recruiter_id, candidate_id)
            await_waiting_lock()
        blocked.result(30)

    with committed_app.app_context(), pytest.raises(Blocked), unit_of_work():
        post("quá muộn")
    with committed_app.app_context():
        assert db.session.scalars(select(Message.content)).all() == ["vừa kịp"]
        assert db.session.scalar(select(func.count()).select_from(Conversation)) == 1


def test_a_conversation_waits_for_a_block_that_is_just_being_committed(committed_app: APIFlask, pair: tuple[int, int, int]) -> None:
    application_id, candidate_id, recruiter_id = pair

    def open_one() -> None:
        with committed_app.app_context(), unit_of_work():
            service.open_about_application(db.session.get_one(User, candidate_id), application_id)

    with ThreadPoolExecutor(1) as pool:
        with committed_app.app_context(), unit_of_work():
            blocking.block(recruiter_id, candidate_id)
            opened = pool.submit(open_one)
            await_waiting_lock()
        with pytest.raises(Blocked):
            opened.result(30)

    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Conversation)) == 0


def _block(app: APIFlask, user_id: int, blocked_id: int) -> None:
    with app.app_context(), unit_of_work():
        blocking.block(user_id, blocked_id)
