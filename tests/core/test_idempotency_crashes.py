"""Idempotency-Key among twins, crashes and takeovers: one effect, and phases from which a retry goes on."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask import Response
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.core import idempotency
from app.core import idempotency_keys as keys
from app.core.idempotency import current_claim, reach, reached
from app.core.problems import Unavailable
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.core.shop import Shop, raiser


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
            held = []
            for _ in range(60):
                time.sleep(0.01)
                held.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
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

    def wait() -> None:
        working.set()
        assert go_on.wait(20)

    shop.before_work = wait
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
