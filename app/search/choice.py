"""Which engine answers: Elasticsearch when it is configured, PostgreSQL otherwise and whenever Elasticsearch is away."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import structlog
from flask import current_app

from app.search.answers import tally
from app.search.breaker import CircuitBreaker
from app.search.elastic.engine import ElasticEngine
from app.search.engine import EngineAway, EngineQuery, EngineSilent, EntriesRefused, Hits, QueryRefused, SearchEngine
from app.search.postgres import PostgresEngine
from app.search.query import Query

log = structlog.get_logger()

POSTGRES = PostgresEngine()
ELASTIC = ElasticEngine()
_BREAKER = "elasticsearch_breaker"
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 8.0
_PATIENCE = 3
"""Searches in a row that were not answered in time, before they are not asked for a while."""

T = TypeVar("T")


class NotAsked(EngineAway):
    """Raised without a request, while the breaker is open."""


class StandingIn:
    """A `Searcher` for one answer: the chosen engine, or once that has failed PostgreSQL to the end.

    Elasticsearch is waited for `patience` seconds in all, however many requests the answer takes: each is given what the ones before have left.
    """

    def __init__(self, chosen: ElasticEngine | None, breaker: CircuitBreaker, patience: float) -> None:
        self._breaker = breaker
        self._patience = self._left = patience
        self._asked = chosen if chosen and breaker.lets_through() else None
        self.is_degraded = chosen is not None and self._asked is None

    @property
    def name(self) -> str:
        return (self._asked or POSTGRES).name

    def search(self, query: EngineQuery) -> Hits:
        return self._ask(lambda engine: engine.search(query))

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        return self._ask(lambda engine: engine.count_each(texts, at_most=at_most))

    def _ask(self, question: Callable[[SearchEngine], T]) -> T:
        if self._asked is None:
            return question(POSTGRES)
        began = time.monotonic()
        try:
            answer = question(self._asked.within(self._left))
        except EngineAway as error:
            if self._is_news(error):
                log.warning("search_engine_away", engine=self.name, error=str(error))
            self._asked, self.is_degraded = None, True
            return question(POSTGRES)
        self._left -= time.monotonic() - began
        if self._breaker.succeeded():
            log.info("search_engine_back", engine=self.name)
        return answer

    def _is_news(self, error: EngineAway) -> bool:
        # Whoever was given only the rest of the time may well answer the next search.
        was_hurried = isinstance(error, EngineSilent) and self._left < self._patience
        if was_hurried or isinstance(error, QueryRefused):
            return False
        return self._breaker.was_late() if isinstance(error, EngineSilent) else self._breaker.failed()


def engine_named(name: str) -> SearchEngine:
    """The engine of that name. Raises LookupError when it is not there, or not configured."""
    for engine in engines():
        if engine.name == name:
            return engine
    raise LookupError(name)


def engines() -> list[SearchEngine]:
    """The engines that are told of changes: PostgreSQL always, so that it can stand in."""
    return [POSTGRES, ELASTIC] if is_elastic() else [POSTGRES]


def is_elastic() -> bool:
    """Whether Elasticsearch is the chosen engine."""
    return bool(current_app.config["ELASTICSEARCH_URL"])


@contextmanager
def searcher() -> Iterator[StandingIn]:
    """What answers one search, or several that belong together; who answered is counted at the end."""
    engine = StandingIn(ELASTIC if is_elastic() else None, breaker(), current_app.config["ELASTICSEARCH_TIMEOUT_MS"] / 1000)
    yield engine
    tally().add(engine.name, is_degraded=engine.is_degraded)


@contextmanager
def guarded() -> Iterator[None]:
    """For what only Elasticsearch can do: raises NotAsked at once while the breaker is open, and tells it how the block went."""
    if not breaker().lets_through():
        raise NotAsked("Elasticsearch did not answer a moment ago")
    try:
        yield
    except EngineAway:
        breaker().failed()
        raise
    except EntriesRefused:
        breaker().succeeded()
        raise
    breaker().succeeded()


def breaker() -> CircuitBreaker:
    """This process's knowledge of whether Elasticsearch answers."""
    made = CircuitBreaker(first_pause=_FIRST_PAUSE, longest_pause=_LONGEST_PAUSE, patience=_PATIENCE)
    found: CircuitBreaker = current_app.extensions.setdefault(_BREAKER, made)
    return found
