"""A small application whose one product may be ordered under an `Idempotency-Key`, with real commits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from apiflask import APIFlask
from flask import Response
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.accounts import sessions
from app.accounts.models import User
from app.core.auth import require
from app.core.contract import accepts, returns
from app.core.idempotency import idempotent, remember
from app.core.idempotency_keys import IdempotencyKey
from app.core.schemas import InModel, OutModel
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.factories import CandidateFactory

PATH = "/api/v1/orders/"
PLAIN_PATH = "/api/v1/plain-orders/"


class OrderIn(InModel):
    size: int = 1


class OrderOut(OutModel):
    id: int
    size: int


@dataclass
class Shop:
    """Orders are counted as the users that they add; `before_work` and `before_commit` run within an order, `runs` has a line for each."""

    app: APIFlask
    tokens: list[str]
    before_work: Callable[[], None] = lambda: None
    before_commit: Callable[[], None] = lambda: None
    runs: list[int] = field(default_factory=list)

    def order(self, key: str | None, body: dict[str, Any] | None = None, *, user: int = 0, path: str = PATH) -> TestResponse:
        """One customer's order."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}", **({} if key is None else {"Idempotency-Key": key})}
        return self.app.test_client(use_cookies=False).post(path, json=body or {}, headers=headers)

    def effects(self) -> int:
        """How many orders took effect."""
        with self.app.app_context():
            return (db.session.scalar(select(func.count()).select_from(User)) or 0) - len(self.tokens)

    def stored(self) -> list[tuple[int | None, str]]:
        """The status and the recovery point of each key, oldest first."""
        with self.app.app_context():
            return [
                tuple(row) for row in db.session.execute(select(IdempotencyKey.status, IdempotencyKey.recovery_point).order_by(IdempotencyKey.id))
            ]

    def age(self, **columns: timedelta) -> None:
        """Move the stored times into the past."""
        with self.app.app_context(), unit_of_work():
            values = {name: getattr(IdempotencyKey, name) - by for name, by in columns.items()}
            db.session.execute(update(IdempotencyKey).values(values))


def open_shop(app: APIFlask) -> Shop:
    """Two customers, and two routes: one that remembers its answer within the effect's transaction, one that leaves that to the decorator."""
    with app.app_context(), unit_of_work():
        tokens = [sessions.open_session(CandidateFactory()).access for _ in range(2)]
    made = Shop(app, tokens)

    @app.post(PATH)
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

    @app.post(PLAIN_PATH)
    @require()
    @idempotent
    @returns(OrderOut, 201)
    def plain_order() -> OrderOut:
        made.runs.append(0)
        with unit_of_work():
            return OrderOut(id=CandidateFactory().id, size=1)

    return made


def raiser(error: BaseException) -> Callable[[], None]:
    """What a shop's step is replaced by for it to fail."""

    def raise_it() -> None:
        raise error

    return raise_it
