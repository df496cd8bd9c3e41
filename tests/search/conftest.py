"""Searches on either engine."""

import os
from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from app.search import choice
from app.search.elastic import indices
from tests.needs import ELASTICSEARCH_URL, needs_elasticsearch
from tests.search.board import ENGINES


class NobodyStandsIn(Exception):
    """Raised by nothing."""


@pytest.fixture(params=[ENGINES[0], pytest.param(ENGINES[1], marks=needs_elasticsearch)])
def engine_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine that answers in this test; with Elasticsearch, on an empty index of the test's own."""
    name: str = request.param
    if name == ENGINES[0]:
        yield name
        return
    request.getfixturevalue("elastic_app")
    # PostgreSQL would stand in without a word, and the test would be of the other engine.
    request.getfixturevalue("monkeypatch").setattr(choice, "EngineAway", NobodyStandsIn)
    yield name


@pytest.fixture
def elastic_app(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """The application with Elasticsearch as its engine, and an empty index."""
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", ELASTICSEARCH_URL)
    monkeypatch.setitem(app.config, "ELASTICSEARCH_INDEX", f"test-{os.getpid()}")
    # A busy machine may take its time; what happens when it takes too long is tested for itself.
    monkeypatch.setitem(app.config, "ELASTICSEARCH_TIMEOUT_MS", 10_000)
    indices.drop(indices.targets())
    indices.prepare()
    yield app
    indices.drop(indices.targets())
