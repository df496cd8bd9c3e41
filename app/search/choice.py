"""Which engine answers: Elasticsearch when it is configured, PostgreSQL otherwise and whenever Elasticsearch is away."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from flask import current_app

from app.search.breaker import CircuitBreaker
from app.search.elastic.engine import ElasticEngine
from app.search.engine import EngineAway, EngineQuery, Hits, SearchEngine
from app.search.postgres import PostgresEngine
from app.search.query import Query

log = structlog.get_logger()

_POSTGRES = PostgresEngine()
_ELASTIC = ElasticEngine()
_BREAKER = "elasticsearch_breaker"
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

T = TypeVar("T")


class StandingIn:
    """A `Searcher` for one answer: the chosen engine, or once that has failed PostgreSQL to the end."""

    def __init__(self, chosen: SearchEngine | None, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._engine = chosen if chosen and breaker.lets_through() else _POSTGRES
        self.is_degraded = chosen is not None and self._engine is _POSTGRES

    @property
    def name(self) -> str:
        return self._engine.name

    def search(self, query: EngineQuery) -> Hits:
        return self._ask(lambda engine: engine.search(query))

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        return self._ask(lambda engine: engine.count_each(texts, at_most=at_most))

    def _ask(self, question: Callable[[SearchEngine], T]) -> T:
        if self._engine is _POSTGRES:
            return question(_POSTGRES)
        try:
            answer = question(self._engine)
        except EngineAway as error:
            if self._breaker.failed():
                log.warning("search_engine_away", engine=self.name, error=str(error))
            self._engine, self.is_degraded = _POSTGRES, True
            return question(_POSTGRES)
        if self._breaker.succeeded():
            log.info("search_engine_back", engine=self.name)
        return answer


def engines() -> list[SearchEngine]:
    """The engines that are told of changes: PostgreSQL always, so that it can stand in."""
    return [_POSTGRES, _ELASTIC] if is_elastic() else [_POSTGRES]


def is_elastic() -> bool:
    """Whether Elasticsearch is the chosen engine."""
    return bool(current_app.config["ELASTICSEARCH_URL"])


def searcher() -> StandingIn:
    """What answers one search, or several that belong together."""
    return StandingIn(_ELASTIC if is_elastic() else None, breaker())


def breaker() -> CircuitBreaker:
    """This process's knowledge of whether Elasticsearch answers."""
    found: CircuitBreaker = current_app.extensions.setdefault(_BREAKER, CircuitBreaker(first_pause=_FIRST_PAUSE, longest_pause=_LONGEST_PAUSE))
    return found
