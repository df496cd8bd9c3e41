"""Getting Elasticsearch going before people search: a node that has just begun takes half a second for what later takes a few milliseconds."""

import time

import structlog

from app.search import choice
from app.search.criteria import Filters
from app.search.engine import EngineAway, EngineQuery
from app.search.query import parse

log = structlog.get_logger()

_TEXTS = ("kế toán", "lap trinh vien java", '"chăm sóc khách hàng" -"thực tập"', "sales HCM", "")
_ROUNDS = 10
_SECONDS = 5.0


def warm_up() -> int:
    """Ask searches of each kind for some seconds at most; return how many were answered. One that is not only costs the warmth."""
    answered, ends_at = 0, time.monotonic() + _SECONDS
    try:
        for text in _TEXTS * _ROUNDS:
            if time.monotonic() > ends_at:
                break
            read = parse(text)
            choice.ELASTIC.search(EngineQuery(text=read, filters=Filters(salary_min=1), with_facets=True, with_prefix=read.unfinished is not None))
            choice.ELASTIC.count_each([read], at_most=1)
            answered += 1
    except EngineAway as error:
        log.warning("search_not_warmed_up", error=str(error))
    return answered
