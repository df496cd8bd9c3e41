"""The connection to Elasticsearch, one for an application in each process, and what its failures mean."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch
from flask import current_app

from app.search.engine import EngineAway, EngineSilent, QueryRefused

log = structlog.get_logger()

_UNREADABLE = frozenset({400, 413})
_OF_THE_INDEX = frozenset({"index_closed_exception"})
"""Errors of status 400 that say nothing of the request."""
_PATIENT = "elasticsearch_patient"
_SECONDS = 30
"""For what operators and the nightly check ask: to make an index known takes seconds on a busy node. Searches, and the worker, wait for less."""


def client() -> Elasticsearch:
    """The client of the current application. It never tries twice: who waits for an answer asks PostgreSQL instead, and tasks come again."""
    config = current_app.config
    # A forked child must not share its parent's sockets.
    key = "|".join(["elasticsearch", str(os.getpid()), *(config[f"ELASTICSEARCH_{name}"] for name in ("URL", "API_KEY", "CA"))])
    if key not in current_app.extensions:
        options = {name: config[f"ELASTICSEARCH_{variable}"] for name, variable in (("api_key", "API_KEY"), ("ca_certs", "CA"))}
        given = {name: value for name, value in options.items() if value}
        current_app.extensions[key] = Elasticsearch(
            config["ELASTICSEARCH_URL"], request_timeout=_SECONDS, max_retries=0, retry_on_timeout=False, **given
        )
    found: Elasticsearch = current_app.extensions[key]
    return found


def patient_client(seconds: float) -> Elasticsearch:
    """The client for who waits so long. The usual patience of a search has one that is kept: making it takes half a millisecond."""
    if seconds * 1000 != current_app.config["ELASTICSEARCH_TIMEOUT_MS"]:
        return client().options(request_timeout=seconds)
    plain = client()
    kept: tuple[Elasticsearch, float, Elasticsearch] | None = current_app.extensions.get(_PATIENT)
    if kept is None or kept[0] is not plain or kept[1] != seconds:
        kept = current_app.extensions[_PATIENT] = (plain, seconds, plain.options(request_timeout=seconds))
    return kept[2]


@contextmanager
def failures() -> Iterator[None]:
    """Turns whatever keeps Elasticsearch from answering into EngineAway: refused, silent, red, busy, a wrong password, an index not made yet.

    An answer that it cannot read our request is a fault of ours. It is logged as one, and becomes QueryRefused: PostgreSQL can still answer, but that
    says nothing of the next request.
    """
    try:
        yield
    except ConnectionTimeout as error:
        raise EngineSilent("Elasticsearch is silent") from error
    except TransportError as error:
        raise EngineAway(f"Elasticsearch cannot be reached: {type(error).__name__}") from error
    except ApiError as error:
        if is_refusal(error.status_code, error.error):
            log.error("elasticsearch_refused_request", error=str(error)[:1000])
            raise QueryRefused(f"Elasticsearch answers {error.status_code}") from error
        raise EngineAway(f"Elasticsearch answers {error.status_code}") from error


def is_refusal(status: int, kind: str | None) -> bool:
    """Whether what was answered so will never be taken; anything else that is no success may be, once somebody has mended something.

    `kind` is the type that Elasticsearch gives the error.
    """
    return status in _UNREADABLE and kind not in _OF_THE_INDEX
