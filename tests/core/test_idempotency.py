"""Idempotency-Key against real commits: scope, replay, twins, crashes, leases, and what is not kept."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask import Response
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.accounts import sessions
from app.accounts.models import User
from app.core import idempotency
from app.core import idempotency_keys as keys
from app.core.auth import require
from app.core.contract import accepts, returns
from app.core.idempotency import current_claim, idempotent, parse_key, reach, reached, remember
from app.core.idempotency_keys import IdempotencyKey
from app.core.problems import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthorized, Unavailable
from app.core.rates import TooMany
from app.core.schemas import InModel, OutModel
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.factories import CandidateFactory

PATH = "/api/v1/orders/"


class OrderIn(InModel):
    size: int = 1


class OrderOut(OutModel):
    id: int
    size: int


@dataclass
class Shop:
    """An application with a route that adds a user per order; `before_work` and `before_commit` run inside it."""

    app: APIFlask
    tokens: list[str]
    before_work: Callable[[], None] = lambda: None
    before_commit: Callable[[], None] = lambda: None
    runs: list[int] = field(default_factory=list)

    def order(self, key: str | None, body: dict[str, Any] | None = None, *, user: int = 0, path: str = PATH) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.tokens[user]}", **({} if key is None else {"Idempotency-Key": key})}
        return self.app.test_client(use_cookies=False).post(path, json=body or {}, headers=headers)

    def effects(self) -> int:
        with self.app.app_context():
            return (db.session.scalar(select(func.count()).select_from(User)) or 0) - len(self.tokens)

    def stored(self) -> list[tuple[int | None, str]]:
        with self.app.app_context():
            return [
                tuple(row) for row in db.session.execute(select(IdempotencyKey.status, IdempotencyKey.recovery_point).order_by(IdempotencyKey.id))
            ]

    def age(self, **columns: timedelta) -> None:
        """Move the stored times into the past."""
        with self.app.app_context(), unit_of_work():
            values = {name: getattr(IdempotencyKey, name) - by for name, by in columns.items()}
            db.session.execute(update(IdempotencyKey).values(values))


@pytest.fixture
def shop(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(idempotency, "LONGEST_WAIT", 0.4)
    with committed_app.app_context(), unit_of_work():
        tokens = [sessions.open_session(CandidateFactory()).access for _ in range(2)]
    made = Shop(committed_app, tokens)

    @committed_app.post(PATH)
    @require()
    @idempotent
    @accepts(OrderIn)
    @returns(OrderOut)
    def order(data: OrderIn) -> Response:
        made.runs.append(data.size)
        made.before_work()
        with unit_of_work():
            answer = remember(OrderOut(id=CandidateFactory().id, size=data.size), 201)
            made.before_commit()
        return answer

    @committed_app.post("/api/v1/plain-orders/")
    @require()
    @idempotent
    @returns(OrderOut, 201)
    def plain_order() -> OrderOut:
        made.runs.append(0)
        with unit_of_work():
            return OrderOut(id=CandidateFactory().id, size=1)

    yield made


def raiser(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


@pytest.mark.parametrize("path", [PATH, "/api/v1/plain-orders/"])
def test_a_repetition_gets_the_first_answer_and_no_second_effect(shop: Shop, path: str) -> None:
    first = shop.order("k", path=path)
    again = shop.order("k", path=path)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (shop.effects(), len(shop.runs)) == (1, 1)
    assert shop.stored() == [(201, "finished")]


def test_without_the_header_every_request_counts(shop: Shop) -> None:
    ids = [shop.order(None).json["id"] for _ in range(2)]

    assert ids[0] != ids[1]
    assert shop.stored() == []


def test_another_body_is_refused_and_changes_nothing(shop: Shop) -> None:
    shop.order("k", {"size": 1})

    other = shop.order("k", {"size": 2})

    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert shop.effects() == 1


def test_another_users_same_key_is_independent(shop: Shop) -> None:
    mine, theirs = shop.order("k", user=0), shop.order("k", {"size": 2}, user=1)

    assert (theirs.status_code, theirs.json["size"]) == (201, 2)
    assert mine.json["id"] != theirs.json["id"]


def test_another_routes_same_key_is_independent_and_the_alias_is_the_same_route(shop: Shop) -> None:
    first = shop.order("k")

    alias, other = shop.order("k", path="/api/orders"), shop.order("k", path="/api/v1/plain-orders/")

    assert alias.data == first.data
    assert other.json["id"] != first.json["id"]


def test_the_order_of_fields_and_spaces_do_not_make_another_body(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {shop.tokens[0]}", "Idempotency-Key": "k"}
    caller = shop.app.test_client(use_cookies=False)

    answers = [caller.post(PATH, data=body, content_type="application/json", headers=headers) for body in ('{"size":3}', ' { "size" : 3 } ')]

    assert answers[0].data == answers[1].data
    assert shop.effects() == 1


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        (r'"a\"b\\c"', r"a\"b\\c".replace(r"\"", '"').replace("\\\\", "\\")),
        ("a b~!", "a b~!"),
        ("x" * 255, "x" * 255),
    ],
)
def test_keys_are_quoted_or_bare(header: str, key: str) -> None:
    assert parse_key(header) == key


@pytest.mark.parametrize("header", ["", "  ", '""', "x" * 256, f'"{"x" * 256}"', '"abc', '"a"b"', r'"a\b"', "chìa", "a\tb", '"a\x7f"'])
def test_other_keys_are_refused(header: str) -> None:
    with pytest.raises(Invalid):
        parse_key(header)


def test_a_wrong_key_is_a_400_that_names_the_header(shop: Shop) -> None:
    answer = shop.order("x" * 256)

    assert (answer.status_code, list(answer.json["errors"])) == (400, ["Idempotency-Key"])
    assert shop.runs == []


@pytest.mark.parametrize("problem", [Invalid({"size": "wrong"}), Unauthorized(), TooMany(), Unavailable(), Problem(), RuntimeError("a bug")])
def test_what_may_be_corrected_or_tried_again_is_not_kept(shop: Shop, problem: Exception) -> None:
    shop.before_commit = raiser(problem)
    failed = shop.order("k")
    shop.before_commit = lambda: None

    again = shop.order("k", {"size": 2})

    assert failed.status_code >= 400
    assert again.status_code == 201
    assert shop.effects() == 1


def test_a_validation_error_is_not_kept(shop: Shop) -> None:
    wrong = shop.order("k", {"size": "x"})

    right = shop.order("k", {"size": 2})

    assert (wrong.status_code, right.status_code) == (400, 201)


@pytest.mark.parametrize("problem", [Forbidden(), NotFound(), Conflict("The shop is closed.")])
def test_a_definite_refusal_is_kept_byte_for_byte(shop: Shop, problem: Problem) -> None:
    shop.before_commit = raiser(problem)
    refused = shop.order("k")
    shop.before_commit = lambda: None

    again = shop.order("k")

    assert refused.status_code == problem.status
    assert (again.status_code, again.data, again.content_type) == (problem.status, refused.data, "application/problem+json")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert shop.effects() == 0


def test_a_twin_waits_without_a_connection_and_gets_the_same_bytes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "LONGEST_WAIT", 15)
    working, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        working.set()
        db.session.rollback()
        assert go_on.wait(20)

    shop.before_work = wait
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(shop.order, "k")
        assert working.wait(20)
        twin = pool.submit(shop.order, "k")
        with shop.app.app_context():
            held = [(time.sleep(0.01), db.engine.pool.checkedout())[1] for _ in range(60)]  # type: ignore[attr-defined]
        finished_early = twin.done()
        go_on.set()
        answers = [first.result(20), twin.result(20)]

    assert not finished_early
    assert held.count(0) > 30, "a connection is taken for each look only"
    assert answers[0].data == answers[1].data
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert (shop.effects(), len(shop.runs)) == (1, 1)


def test_a_twin_that_waited_long_enough_is_told_when_to_come_back(shop: Shop) -> None:
    working, go_on = threading.Event(), threading.Event()
    shop.before_work = lambda: (working.set(), go_on.wait(20), None)[2]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shop.order, "k")
        assert working.wait(20)
        twin = shop.order("k")
        go_on.set()
        first.result(20)

    assert (twin.status_code, twin.json["code"]) == (409, "idempotency_in_progress")
    assert 1 <= int(twin.headers["Retry-After"]) <= keys.LEASE.total_seconds()
    assert (shop.effects(), len(shop.runs)) == (1, 1)


@pytest.mark.parametrize("phase", ["before_work", "before_commit"])
def test_a_crash_leaves_nothing_and_the_retry_after_the_lease_completes_once(shop: Shop, phase: str) -> None:
    setattr(shop, phase, raiser(SystemExit()))
    with pytest.raises(SystemExit):
        shop.order("k")
    setattr(shop, phase, lambda: None)

    too_early = shop.order("k")
    shop.age(locked_until=keys.LEASE)
    retried, again = shop.order("k"), shop.order("k")

    assert too_early.status_code == 409
    assert retried.status_code == 201
    assert again.data == retried.data
    assert shop.effects() == 1


def test_a_crash_after_the_commit_replays_the_stored_answer(shop: Shop) -> None:
    @shop.app.after_request
    def die(response: Response) -> Response:
        raise SystemExit

    with pytest.raises(SystemExit):
        shop.order("k")
    shop.app.after_request_funcs[None].remove(die)

    retried = shop.order("k")

    assert retried.headers["Idempotent-Replayed"] == "true"
    assert (retried.status_code, shop.effects(), len(shop.runs)) == (201, 1, 1)


def test_who_was_paused_beyond_the_lease_cannot_commit(shop: Shop) -> None:
    def let_another_take_over() -> None:
        shop.before_work = lambda: None
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(shop.age, locked_until=keys.LEASE).result(20)
            successors.append(elsewhere.submit(shop.order, "k").result(20))

    successors: list[TestResponse] = []
    shop.before_work = let_another_take_over

    paused = shop.order("k")
    again = shop.order("k")

    assert (paused.status_code, paused.json["code"]) == (409, "idempotency_in_progress")
    assert successors[0].status_code == 201
    assert again.data == successors[0].data
    assert (shop.effects(), len(shop.runs)) == (1, 2)


def test_a_key_is_free_again_after_a_day(shop: Shop) -> None:
    first = shop.order("k")
    shop.age(expires_at=timedelta(hours=24))

    fresh = shop.order("k", {"size": 2})

    assert (fresh.status_code, fresh.json["size"]) == (201, 2)
    assert fresh.json["id"] != first.json["id"]
    assert shop.stored() == [(201, "finished")]


def test_expired_keys_are_purged_and_others_kept(shop: Shop) -> None:
    shop.order("old")
    shop.age(expires_at=timedelta(hours=24))
    shop.order("new")

    with shop.app.app_context(), unit_of_work():
        purged = keys.purge_expired()

    assert purged == 1
    with shop.app.app_context():
        assert db.session.scalars(select(IdempotencyKey.key)).all() == ["new"]


def test_a_retry_finds_the_recovery_point_that_the_crashed_request_reached(shop: Shop) -> None:
    seen: list[str] = []

    def charge_then_die() -> None:
        claim = current_claim()
        assert claim is not None
        seen.append(claim.recovery_point)
        if claim.recovery_point == keys.STARTED:
            with unit_of_work():
                reach("charged", charge_id=7)
            raise SystemExit

    shop.before_work = charge_then_die
    with pytest.raises(SystemExit):
        shop.order("k")
    shop.age(locked_until=keys.LEASE)

    retried = shop.order("k")

    assert retried.status_code == 201
    assert seen == ["started", "charged"]


def test_a_failure_after_a_recovery_point_frees_the_key_and_keeps_the_point(shop: Shop) -> None:
    seen: list[Any] = []

    def charge() -> None:
        seen.append(reached("charged"))
        if seen[-1] is None:
            with unit_of_work():
                assert reach("charged", charge_id=7) == {"charge_id": 7}
            assert reached("charged") == {"charge_id": 7}
            raise Unavailable

    shop.before_work = charge
    failed = shop.order("k")

    other_body, retried = shop.order("k", {"size": 2}), shop.order("k")

    assert (failed.status_code, other_body.status_code, retried.status_code) == (503, 422, 201)
    assert seen == [None, {"charge_id": 7}]
    assert shop.effects() == 1


def test_a_key_used_afresh_after_a_day_begins_at_the_start(shop: Shop) -> None:
    seen: list[Any] = []

    def charge() -> None:
        seen.append(reached("charged"))
        with unit_of_work():
            reach("charged", charge_id=7)

    shop.before_work = charge
    shop.order("k")
    shop.age(expires_at=timedelta(hours=24))

    shop.order("k")

    assert seen == [None, None]


def test_the_reaper_leaves_a_key_that_a_request_works_under(shop: Shop) -> None:
    purged: list[int] = []

    def outlive_the_key() -> None:
        shop.age(expires_at=timedelta(hours=24))
        with unit_of_work():
            purged.append(keys.purge_expired())

    shop.before_work = outlive_the_key

    answer = shop.order("k")

    assert (answer.status_code, purged) == (201, [0])
    assert shop.stored() == [(201, "finished")]


def test_nobody_waits_in_the_database_for_a_rival_that_has_not_committed(shop: Shop) -> None:
    with shop.app.app_context():
        user_id = db.session.scalar(select(func.min(User.id)))
        scope = keys.Scope(user_id, "POST /", "k", b"x")
        first = keys.begin(scope)
        with ThreadPoolExecutor(1) as elsewhere:
            second = elsewhere.submit(begin_elsewhere, shop.app, scope).result(20)
        db.session.rollback()

    assert isinstance(first, keys.Claim)
    # Waiting for the open transaction would have ended in an error: a lock timeout.
    assert second == keys.Busy(1)


def begin_elsewhere(app: APIFlask, scope: keys.Scope) -> Any:
    with app.app_context(), unit_of_work():
        return keys.begin(scope)


def test_the_header_is_in_the_documentation(shop: Shop) -> None:
    spec = shop.app.test_client().get("/api/openapi.json").json

    parameters = spec["paths"]["/api/v1/payments/create_payment/"]["post"]["parameters"]
    assert [(parameter["name"], parameter["in"], parameter["required"]) for parameter in parameters] == [("Idempotency-Key", "header", False)]
