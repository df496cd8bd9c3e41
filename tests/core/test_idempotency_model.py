"""Random interleavings of twins, other bodies, other users, crashes, failures and the passing of time, held against a small model."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from app.core import idempotency_keys as keys
from app.core.idempotency_keys import Answer, Busy, Claim, IdempotencyKey, KeyReused, Scope, TwinUnfinished
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.factories import CandidateFactory

# One key for both users: the more often requests meet, the more is tried.
KEY = "a"
BODIES = (b"one", b"two")
POINTS = ("ordered", "charged")
DAY, LEASE = timedelta(hours=24), keys.LEASE


@dataclass
class Entry:
    """What the model knows of one key of one user."""

    body: bytes
    claim: Claim
    leased: bool = True
    expired: bool = False
    answer: bytes | None = None
    phases: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request that works under a key."""

    place: tuple[int, str]
    claim: Claim
    number: int


class Interleavings(RuleBasedStateMachine):
    """Each rule is one transaction of one request, so that any sequence of rules is an interleaving that can happen."""

    requests = Bundle("requests")
    users: tuple[int, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[tuple[int, str], Entry] = {}
        self.numbers = 0

    def teardown(self) -> None:
        db.session.rollback()
        with unit_of_work():
            db.session.execute(delete(IdempotencyKey))

    @rule(target=requests, who=st.sampled_from((0, 1)), body=st.sampled_from(BODIES))
    def send(self, who: int, body: bytes) -> object:
        """A request comes, or a twin, or one with another body."""
        place = (self.users[who], KEY)
        try:
            with unit_of_work():
                found = keys.begin(Scope(self.users[who], "POST /", KEY, body))
        except KeyReused:
            entry = self.model[place]
            assert entry.body != body
            assert not entry.expired
            return multiple()
        return self._expect(place, body, found)

    def _expect(self, place: tuple[int, str], body: bytes, found: Claim | Answer | Busy) -> object:
        entry = self.model.get(place)
        if entry is not None and not entry.expired:
            assert entry.body == body
            if entry.answer is not None:
                assert found == Answer(201, {}, entry.answer)
                return multiple()
            if entry.leased:
                assert isinstance(found, Busy)
                assert 1 <= found.seconds <= LEASE.total_seconds()
                return multiple()
        assert isinstance(found, Claim)
        fresh = entry is None or entry.expired
        assert found.phases == ({} if fresh else entry.phases)
        self.model[place] = Entry(body, found, phases=dict(found.phases))
        self.numbers += 1
        return Request(place, found, self.numbers)

    def _holds(self, request: Request) -> bool:
        entry = self.model.get(request.place)
        return entry is not None and (entry.claim.id, entry.claim.token) == (request.claim.id, request.claim.token) and entry.answer is None

    @rule(target=requests, request=consumes(requests), point=st.sampled_from(POINTS))
    def reach(self, request: Request, point: str) -> object:
        """A phase commits with its recovery point, unless another request has taken over: then nothing of it does."""
        try:
            with unit_of_work():
                claim = keys.advance(request.claim, point, {"by": request.number})
        except TwinUnfinished:
            assert not self._holds(request)
            return multiple()
        assert self._holds(request)
        entry = self.model[request.place]
        entry.phases, entry.leased = {**entry.phases, point: {"by": request.number}}, True
        return Request(request.place, claim, request.number)

    @rule(request=consumes(requests))
    def answer(self, request: Request) -> None:
        """The last phase commits with the answer, unless another request has taken over."""
        body = f"answer {request.number}".encode()
        try:
            with unit_of_work():
                keys.store(request.claim, Answer(201, {}, body))
        except TwinUnfinished:
            assert not self._holds(request)
            return
        assert self._holds(request)
        self.model[request.place].answer = body

    @rule(request=consumes(requests))
    def fail(self, request: Request) -> None:
        """A request ends with an error that is not kept: the next one may try at once."""
        with unit_of_work():
            keys.release(request.claim)
        if self._holds(request):
            entry = self.model[request.place]
            if entry.phases:
                entry.leased = False
            else:
                del self.model[request.place]

    @rule(request=consumes(requests))
    def crash(self, request: Request) -> None:
        """The process is gone; its key stays as it is."""

    @rule()
    def leases_run_out(self) -> None:
        """Whoever works is too slow; it does not know yet."""
        with unit_of_work():
            db.session.execute(update(IdempotencyKey).values(locked_until=IdempotencyKey.locked_until - LEASE))
        for entry in self.model.values():
            entry.leased = False

    @rule()
    def a_day_passes(self) -> None:
        with unit_of_work():
            db.session.execute(
                update(IdempotencyKey).values(expires_at=IdempotencyKey.expires_at - DAY, locked_until=IdempotencyKey.locked_until - DAY)
            )
        for entry in self.model.values():
            entry.expired, entry.leased = True, False

    @rule()
    def reap(self) -> None:
        """The reaper takes what is over and nothing else."""
        with unit_of_work():
            purged = keys.purge_expired()
        over = [place for place, entry in self.model.items() if entry.expired and (entry.answer is not None or not entry.leased)]
        assert purged == len(over)
        for place in over:
            del self.model[place]

    @invariant()
    def the_table_is_the_model(self) -> None:
        columns = (IdempotencyKey.user_id, IdempotencyKey.key, IdempotencyKey.token, IdempotencyKey.body, IdempotencyKey.phases)
        rows = {(row.user_id, row.key): (row.token, row.body, row.phases) for row in db.session.execute(select(*columns))}
        db.session.rollback()
        assert rows == {place: (entry.claim.token, entry.answer, entry.phases) for place, entry in self.model.items()}


@pytest.fixture
def machine(app: APIFlask) -> Iterator[type[Interleavings]]:
    users = tuple(CandidateFactory().id for _ in range(2))
    db.session.commit()
    yield type("BoundInterleavings", (Interleavings,), {"users": users})


def test_every_interleaving_follows_the_model(machine: type[Interleavings]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True),
    )
