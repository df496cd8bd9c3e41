"""What a page gets from its stream: its own events, each once, in order, and after a cut the ones that it missed."""

import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from apiflask import APIFlask
from sqlalchemy import update

from app.accounts import sessions
from app.accounts.models import TokenFamily, User
from app.core.clock import now
from app.core.unit_of_work import unit_of_work
from app.events.models import UserEvent
from app.extensions import db
from embedded.ports import find_free_port
from tests.events.conftest import PATH, QUICK, Board
from tests.events.process import StreamProcess


def change(app: APIFlask, statement: Callable[[], object]) -> None:
    with app.app_context(), unit_of_work():
        statement()


def test_an_event_reaches_every_open_page_of_its_person_and_nobody_else(fed_board: Board) -> None:
    (mine, access), (other, others_access) = fed_board.person(), fed_board.person()

    with fed_board.open(access) as first, fed_board.open(access) as second, fed_board.open(others_access) as foreign:
        opened = [reader.next() for reader in (first, second, foreign)]
        fed_board.tell(mine, text="một\nid: 9")
        fed_board.tell(other, text="hai")
        got = [reader.next() for reader in (first, second, foreign)]

    assert {(frame.name, frame.data["resumed"]) for frame in opened} == {("ready", False)}
    assert [frame.data for frame in got] == [{"text": "một\nid: 9"}, {"text": "một\nid: 9"}, {"text": "hai"}]
    assert got[0].id == got[1].id != "9"
    assert first.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert first.answer.headers["cache-control"] == "no-store, no-transform"


def test_without_redis_events_come_by_looking(board: Board) -> None:
    mine, access = board.person()

    with board.open(access) as reader:
        reader.next()
        board.tell(mine, number=1)
        frame = reader.next()

    assert (frame.name, frame.data) == ("event", {"number": 1})
    assert board.get("/ready/").json() == {"postgresql": "ok", "relay": "away"}


def test_a_page_that_was_cut_off_gets_what_it_missed_once_and_in_order(board: Board) -> None:
    mine, access = board.person()
    with board.open(access) as reader:
        reader.next()
        board.tell(mine, number=0)
        last = reader.next().id
    for number in range(1, 13):
        board.tell(mine, number=number)

    with board.open(access, last_event_id=last) as reader:
        ready, *missed = [reader.next() for _ in range(13)]
    with board.open(access, path=f"{PATH}?last_event_id={missed[9].id}") as reader:
        rest = [reader.next() for _ in range(3)]

    assert (ready.name, ready.data, ready.id) == ("ready", {"resumed": True}, last)
    assert [frame.data["number"] for frame in missed] == list(range(1, 13))
    assert [frame.data.get("number") for frame in rest] == [None, 11, 12]


def test_a_page_that_catches_up_gives_the_other_pages_nothing_twice(board: Board) -> None:
    mine, access = board.person()

    with board.open(access) as current:
        start = current.next().id
        board.tell(mine, number=1)
        seen = [current.next().data]
        with board.open(access, last_event_id=start) as late:
            missed = [late.next().data, late.next().data]
            board.tell(mine, number=2)
            seen.append(current.next().data)
            missed.append(late.next().data)

    assert seen == [{"number": 1}, {"number": 2}]
    assert missed == [{"resumed": True}, {"number": 1}, {"number": 2}]


def test_the_first_frame_is_enough_to_go_on_from(board: Board) -> None:
    mine, access = board.person()
    board.tell(mine, number=0)
    with board.open(access) as reader:
        ready = reader.next()
    board.tell(mine, number=1)

    with board.open(access, last_event_id=ready.id) as reader:
        resumed, missed = reader.next(), reader.next()

    assert resumed.data == {"resumed": True}
    assert missed.data == {"number": 1}


def test_after_too_long_or_from_an_id_that_never_was_the_page_is_told_to_load(board: Board) -> None:
    mine, access = board.person()
    board.tell(mine, number=0)
    with board.app.app_context(), unit_of_work():
        newest = db.session.scalars(db.select(UserEvent.id).where(UserEvent.user_id == mine)).one()
        two_days = 48 * 3600 * 1000 << 12

    answers = []
    for wanted in (newest - two_days, newest + 1, 1):
        with board.open(access, last_event_id=str(wanted)) as reader:
            answers.append(reader.next())

    assert [(frame.data, frame.id) for frame in answers] == [({"resumed": False}, str(newest))] * 3


def test_an_id_that_is_none_is_refused(board: Board) -> None:
    _, access = board.person()
    garbage = ["x", "-1", "1.5", "9" * 17, "9007199254740992", "1\u0663", "1 2", "0x10"]

    answers = [board.get(PATH, params={"last_event_id": sent}, headers={"Authorization": f"Bearer {access}"}) for sent in garbage]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "bad_event_id")] * len(garbage)
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert answers[0].json() | {"detail": None} == {
        "type": "urn:problem:bad_event_id",
        "title": "Bad Request",
        "status": 400,
        "detail": None,
        "code": "bad_event_id",
        "request_id": answers[0].headers["x-request-id"],
    }


def test_an_address_full_of_fields_is_answered_as_any_other(board: Board) -> None:
    _, access = board.person()
    bearer = {"Authorization": f"Bearer {access}"}

    many = board.get(f"{PATH}?{'a&' * 50}last_event_id=x", headers=bearer)
    long = board.get(f"{PATH}?token={'x' * 3000}&{'a=1&' * 1000}")

    assert [(many.status_code, many.json()["code"]), (long.status_code, long.json()["code"])] == [(400, "bad_event_id"), (401, "unauthorized")]


def test_only_a_valid_token_of_a_living_sign_in_opens_a_stream(board: Board) -> None:
    mine, access = board.person()
    api = board.app.test_client(use_cookies=False)
    minted = api.post("/api/v1/events/token/", headers={"Authorization": f"Bearer {access}"}).json
    before = {"cookie": {"Cookie": f"a=b; access_token={access}"}, "token": {}, "header": {"Authorization": f"Bearer {access}"}}
    paths = {"cookie": "/api/events/stream/", "token": f"{PATH}?token={minted['token']}", "header": PATH}

    names = []
    for way, headers in before.items():
        with board.open(path=paths[way], **headers) as reader:
            names.append(reader.next().name)
    wrong = [
        board.get(PATH),
        board.get(f"{PATH}?token={access}"),
        board.get(PATH, headers={"Authorization": f"Bearer {minted['token']}"}),
        board.get(PATH, headers={"Authorization": f"Bearer {access[:-2]}xx"}),
        board.get(PATH, headers={"Authorization": "Bearer x", "Cookie": f"access_token={access}"}),
    ]
    change(board.app, lambda: db.session.execute(update(User).where(User.id == mine).values(is_active=False)))
    closed = [board.get(PATH, headers={"Authorization": f"Bearer {access}"}), board.get(f"{PATH}?token={minted['token']}")]

    assert names == ["ready"] * 3
    assert minted["expires_in"] == 60
    assert [answer.status_code for answer in wrong + closed] == [401] * 7
    assert wrong[0].json()["code"] == "unauthorized"


def test_the_token_of_a_stream_opens_nothing_else(board: Board) -> None:
    _, access = board.person()
    api = board.app.test_client(use_cookies=False)

    token = api.post("/api/v1/events/token/", headers={"Authorization": f"Bearer {access}"}).json["token"]

    assert api.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert api.get("/api/v1/auth/me/", headers={"Authorization": f"Bearer {access}"}).status_code == 200


def test_a_sign_in_that_ends_takes_its_streams_with_it_and_leaves_the_others(board: Board) -> None:
    mine, access = board.person()
    with board.app.app_context(), unit_of_work():
        second = sessions.open_session(db.session.get(User, mine)).access
        ended = db.session.scalar(db.select(TokenFamily.id).where(TokenFamily.user_id == mine).order_by(TokenFamily.created_at.desc()))

    with board.open(access) as kept, board.open(second) as gone:
        kept.next(), gone.next()
        change(board.app, lambda: db.session.execute(update(TokenFamily).where(TokenFamily.id == ended).values(revoked_at=now())))
        said = gone.next()
        board.tell(mine, number=1)

        assert (said.name, said.data) == ("bye", {"reason": "signed_out"})
        assert gone.retry >= 300_000
        assert kept.next().data == {"number": 1}
        with pytest.raises(StopIteration):
            gone.next()


def test_above_the_cap_the_oldest_page_of_the_person_gives_way(board: Board) -> None:
    mine, access = board.person()
    _, others_access = board.person()

    with ExitStack() as stack:
        foreign = stack.enter_context(board.open(others_access))
        pages = [stack.enter_context(board.open(access)) for _ in range(QUICK.per_person + 1)]
        for page in (foreign, *pages):
            assert page.next().name == "ready"
        said = pages[0].next()
        board.tell(mine, number=1)

        assert (said.name, said.data) == ("bye", {"reason": "displaced"})
        assert [page.next().data for page in pages[1:]] == [{"number": 1}] * QUICK.per_person


def test_silence_is_broken_by_comments(board: Board) -> None:
    mine, access = board.person()

    with board.open(access) as reader:
        reader.next()
        threading.Timer(1.0, board.tell, [mine]).start()
        reader.next()

    assert reader.comments >= 2
    assert 2_000 <= reader.retry <= 6_000


def test_a_stop_tells_every_page_when_to_come_back(board: Board) -> None:
    (_, first), (_, second) = board.person(), board.person()
    with StreamProcess.running(board.app.extensions["settings"], QUICK, find_free_port()) as stopped:
        leaving = replace(board, streams=stopped)

        with leaving.open(first) as one, leaving.open(second) as two:
            one.next(), two.next()
            stopped.process.send_signal(signal.SIGTERM)
            said = [one.next(), two.next()]

        assert [(frame.name, frame.data) for frame in said] == [("bye", {"reason": "restart"})] * 2
        assert all(1_000 <= reader.retry <= 10_000 for reader in (one, two))
        assert stopped.process.wait(10) == 0


def test_a_client_that_takes_nothing_is_dropped_and_gets_the_rest_when_it_comes_back(board: Board) -> None:
    mine, access = board.person()
    port = urlsplit(board.streams.url).port
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        slow.sendall(f"GET {PATH} HTTP/1.1\r\nHost: board\r\nAuthorization: Bearer {access}\r\n\r\n".encode())
        first = slow.recv(1000).decode()
        while "ready" not in first:
            first += slow.recv(1000).decode()
        start = first.split("id: ")[1].split("\n")[0]
        for number in range(200):
            board.tell(mine, number=number, filler="x" * 100_000)

        board.eventually(lambda: board.metric('jobboard_streams_ended_total{reason="slow"}') == 1, "dropping the slow client")

    with board.open(access, last_event_id=start) as reader:
        assert reader.next().data == {"resumed": True}
        assert [reader.next().data["number"] for _ in range(200)] == list(range(200))


def test_whoever_leaves_is_forgotten(board: Board) -> None:
    _, access = board.person()
    board.eventually(lambda: board.metric("jobboard_streams_open") == 0, "forgetting the streams of other tests")
    gone = board.metric('jobboard_streams_ended_total{reason="gone"}')

    with board.open(access) as reader:
        reader.next()
        during = board.metric("jobboard_streams_open")

    board.eventually(lambda: board.metric("jobboard_streams_open") == 0, "forgetting the stream")
    assert during == 1
    assert board.metric('jobboard_streams_ended_total{reason="gone"}') == gone + 1


def test_pages_of_allowed_origins_may_read_with_credentials(board: Board) -> None:
    _, access = board.person()
    good, bad = board.app.extensions["settings"].allowed_origins[0], "https://evil.example"

    preflight = board.get(PATH, method="OPTIONS", headers={"Origin": good})
    refused = board.get(PATH, headers={"Origin": bad})
    with board.open(access, Origin=good) as reader:
        allowed = reader.answer.headers

    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, good)
    assert allowed["access-control-allow-origin"] == good and allowed["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in refused.headers


def test_nothing_else_is_served(board: Board) -> None:
    answers = [board.get("/"), board.get("/api/v1/jobs/"), board.get(PATH, method="POST"), board.get(PATH, method="DELETE")]

    assert [answer.status_code for answer in answers] == [404, 404, 405, 405]


def test_the_api_says_where_the_stream_is_not(board: Board) -> None:
    _, access = board.person()
    api = board.app.test_client(use_cookies=False)

    answer = api.get("/api/v1/events/stream", headers={"Authorization": f"Bearer {access}"})

    assert (answer.status_code, answer.json["code"]) == (421, "stream_is_elsewhere")
    assert api.post("/api/v1/events/token/").status_code == 401


def test_without_postgresql_streams_are_refused_at_once_and_the_process_lives_on(board: Board) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{find_free_port()}/none"
    _, access = board.person()
    with StreamProcess.running(board.app.extensions["settings"], QUICK, find_free_port(), database_url=nowhere) as process:
        answer = replace(board, streams=process).get(PATH, headers={"Authorization": f"Bearer {access}"})

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert process.process.poll() is None
