"""Idempotency-Key: scope, replay, what is kept and for how long."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import idempotency_keys as keys
from app.core.idempotency import parse_key
from app.core.idempotency_keys import IdempotencyKey
from app.core.problems import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthorized, Unavailable
from app.core.rates import TooMany
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.core.shop import PATH, PLAIN_PATH, Shop, raiser


@pytest.mark.parametrize("path", [PATH, PLAIN_PATH])
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

    alias, other = shop.order("k", path="/api/orders"), shop.order("k", path=PLAIN_PATH)

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
        (r'"a\"b\\c"', r'a"b\c'),
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


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Invalid({"size": "wrong"}), 400),
        (Unauthorized(), 401),
        (TooMany(), 429),
        (Unavailable(), 503),
        (Problem(), 500),
        (RuntimeError("a bug"), 500),
    ],
)
def test_what_may_be_corrected_or_tried_again_is_not_kept(shop: Shop, problem: Exception, status: int) -> None:
    shop.before_commit = raiser(problem)
    failed = shop.order("k")
    shop.before_commit = lambda: None

    again = shop.order("k", {"size": 2})

    assert (failed.status_code, again.status_code) == (status, 201)
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


def test_a_key_is_free_again_after_a_day(shop: Shop) -> None:
    first = shop.order("k")
    shop.age(expires_at=timedelta(hours=24))

    fresh = shop.order("k", {"size": 2})

    assert (fresh.status_code, fresh.json["size"]) == (201, 2)
    assert fresh.json["id"] != first.json["id"]
    assert shop.stored() == [(201, "finished")]


def test_expired_keys_are_purged_and_others_kept(shop: Shop) -> None:
    for old in ("a", "b", "c"):
        shop.order(old)
    shop.age(expires_at=timedelta(hours=24))
    shop.order("new")

    with shop.app.app_context(), unit_of_work():
        purged = keys.purge_expired(limit=1)

    assert purged == 3
    with shop.app.app_context():
        assert db.session.scalars(select(IdempotencyKey.key)).all() == ["new"]


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


def test_the_header_is_in_the_documentation(shop: Shop) -> None:
    spec = shop.app.test_client().get("/api/openapi.json").json

    parameters = spec["paths"]["/api/v1/payments/create_payment/"]["post"]["parameters"]
    assert [(parameter["name"], parameter["in"], parameter["required"]) for parameter in parameters] == [("Idempotency-Key", "header", False)]
