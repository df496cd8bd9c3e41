"""Being told once, counting without counting, reading one and all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.core.time_ids import LARGEST
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.notifications import service
from app.notifications.models import Level, Notification, NotificationType
from app.notifications.service import News
from tests.factories import CandidateFactory
from tests.locks import await_waiting_lock

SignIn = Callable[[User], FlaskClient]


def news(user: User, number: int = 1) -> News:
    return News(user.id, NotificationType.NEW_MESSAGE, f"Tin nhắn {number}", "Xin chào", "/chats/1", Level.INFO, {"number": number})


def unread(caller: FlaskClient) -> int:
    return int(caller.get("/api/v1/notifications/unread-count/").json["count"])


def test_a_notification_shows_what_happened(sign_in: SignIn) -> None:
    user = CandidateFactory()
    made = service.deliver(news(user))
    caller = sign_in(user)

    listed = caller.get("/api/v1/notifications/").json

    assert listed["next"] is None
    assert listed["results"] == [
        {
            "id": made.id,
            "type": "NEW_MESSAGE",
            "level": "INFO",
            "title": "Tin nhắn 1",
            "message": "Xin chào",
            "link": "/chats/1",
            "data": {"number": 1},
            "is_read": False,
            "created_at": listed["results"][0]["created_at"],
        }
    ]
    assert made.id < 2**53


def test_cursors_walk_through_everything_once_while_new_ones_arrive(sign_in: SignIn) -> None:
    user = CandidateFactory()
    ids = [service.deliver(news(user, number)).id for number in range(7)]
    caller = sign_in(user)

    page = caller.get("/api/v1/notifications/?limit=3").json
    service.deliver(news(user, 99))
    db.session.commit()
    seen = [row["id"] for row in page["results"]]
    while page["next"]:
        page = caller.get(page["next"]).json
        seen += [row["id"] for row in page["results"]]

    assert seen == sorted(ids, reverse=True)


def test_reading_one_twice_counts_once(sign_in: SignIn) -> None:
    user = CandidateFactory()
    first, _ = service.deliver(news(user, 1)), service.deliver(news(user, 2))
    caller = sign_in(user)

    answers = [caller.post(f"/api/v1/notifications/{first.id}/mark-read/") for _ in range(2)]

    assert [answer.json["is_read"] for answer in answers] == [True, True]
    assert unread(caller) == 1
    assert [row["is_read"] for row in caller.get("/api/v1/notifications/?unread_only=true").json["results"]] == [False]


def test_reading_all_leaves_later_ones_unread(sign_in: SignIn) -> None:
    user = CandidateFactory()
    for number in range(3):
        service.deliver(news(user, number))
    caller = sign_in(user)

    after = caller.post("/api/v1/notifications/mark-all-read/").json
    later = service.deliver(news(user, 9)).id
    db.session.commit()

    assert after == {"count": 0}
    assert unread(caller) == 1
    assert [row["id"] for row in caller.get("/api/v1/notifications/?unread_only=1").json["results"]] == [later]
    assert [row["is_read"] for row in caller.get("/api/v1/notifications/").json["results"]] == [False, True, True, True]


def test_another_persons_notification_does_not_exist(sign_in: SignIn) -> None:
    made = service.deliver(news(CandidateFactory()))
    stranger = sign_in(CandidateFactory())

    answer = stranger.post(f"/api/v1/notifications/{made.id}/mark-read/")

    assert answer.status_code == 404
    assert db.session.get(Notification, (made.id, made.created_at)).is_read is False


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=%F0%9F", "cursor=djE6eA", "offset=-1", "unread_only=perhaps", "ordering=title"]
)
def test_a_bad_parameter_is_refused(sign_in: SignIn, query: str) -> None:
    answer = sign_in(CandidateFactory()).get(f"/api/v1/notifications/?{query}")

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [query.split("=", 1)[0]]


def test_what_arrives_during_a_read_all_is_counted_exactly_while_it_is_unread(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        user = CandidateFactory()
        user_id = user.id
        service.deliver(news(user))

    def deliver() -> None:
        with committed_app.app_context(), unit_of_work():
            service.deliver(news(db.session.get_one(User, user_id), 2))

    with committed_app.app_context(), ThreadPoolExecutor(1) as pool:
        service.lock_inbox(user_id)
        arriving = pool.submit(deliver)
        await_waiting_lock()
        service.mark_all_read(user_id)
        db.session.commit()
        arriving.result(30)

    with committed_app.app_context():
        listed = service.list_notifications(user_id, before_id=LARGEST, limit=10, offset=0, unread_only=True)
        assert [row.data for row in listed] == [{"number": 2}]
        assert service.get_inbox(user_id).unread == 1
