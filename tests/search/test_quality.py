"""Both engines against judged queries and the two baselines. The figures are printed; `-s` shows them."""

import os
import sys

import pytest
from apiflask import APIFlask

from app.demo.occupations import OCCUPATIONS
from app.demo.places import PLACES
from app.demo.terms import JobType
from app.search import choice, documents
from app.search.elastic import indices
from app.search.elastic.client import client
from tests.needs import needs_elasticsearch
from tests.search import quality
from tests.search.judgements import PERFECT, ndcg, recall, wanted
from tests.search.quality import measure

CLOSE = 0.05
"""How far apart the engines' nDCG may lie."""


def test_every_judgement_names_what_the_generator_knows() -> None:
    skills = {skill for one in OCCUPATIONS.values() for track in one.tracks for skill in (*track.skills, *track.extras)}

    assert len(wanted()) >= 120
    assert len({query.text for query in wanted()}) == len(wanted())
    for query in wanted():
        assert query.occupation or query.skill, query.text
        assert set(query.occupation) <= set(OCCUPATIONS), query.text
        assert {*query.skill, *query.without} <= skills, query.text
        assert query.place is None or query.place in PLACES, query.text
        assert query.type is None or query.type in JobType.__args__, query.text


def test_gain_and_recall_are_those_of_the_literature() -> None:
    assert ndcg([3, 0, 1], [3, 1, 0, 0], 10) == pytest.approx((7 + 1 / 2) / (7 + 1 / 1.5849625))
    assert ndcg([], [3], 10) == 0
    assert ndcg([], [0], 10) == 1
    assert recall([3, 1, 3], [3, 3, 3, 1], 50) == pytest.approx(2 / 3)
    assert recall([3, 0, 0], [3, 3, 3], 1) == 1


def test_postgresql_answers_better_than_looking_for_letters(app: APIFlask) -> None:
    board = quality.load_board()

    figures = {"PostgreSQL": measure(quality.ours, board), "ILIKE": measure(quality.by_ilike, board)}

    sys.stdout.write(quality.report(figures))
    assert [query.text for query in wanted() if all(query.grade(job) < PERFECT for job in board.values())] == []
    assert figures["PostgreSQL"].ndcg > figures["ILIKE"].ndcg
    assert figures["PostgreSQL"].recall > figures["ILIKE"].recall


@needs_elasticsearch
def test_elasticsearch_answers_like_postgresql_and_better_than_its_defaults(elastic_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    board = quality.load_board()
    for batch in documents.read_batches(200):
        choice.engines()[-1].store(batch)
    client().indices.refresh(index=indices.family())

    with quality.multi_match(client(), board, f"test-plain-{os.getpid()}") as plain:
        figures = {"Elasticsearch": measure(quality.ours, board), "default multi_match": measure(plain, board)}
    with monkeypatch.context() as without:
        without.setitem(elastic_app.config, "ELASTICSEARCH_URL", "")
        figures["PostgreSQL"] = measure(quality.ours, board)

    sys.stdout.write(quality.report(figures))
    for engine in ("Elasticsearch", "PostgreSQL"):
        assert figures[engine].ndcg > figures["default multi_match"].ndcg
        assert figures[engine].recall > figures["default multi_match"].recall
    assert abs(figures["Elasticsearch"].ndcg - figures["PostgreSQL"].ndcg) <= CLOSE
