"""Expressions of several words as single lexemes: the same answers, without a phrase search."""

import pytest
from sqlalchemy import text as sql

from app.extensions import db
from app.search.expressions import find, glued
from app.search.query import parse
from app.search.ranking import render
from app.search.synonyms import thesaurus
from app.search.text import tokens
from app.search.tsquery import to_tsquery
from app.search.tsvector import Field
from app.search.tsvector import render as render_vector

TEXTS = [
    "Kỹ sư phần mềm, lập trình viên tại Hà Nội",
    "Kế toán trưởng kế toán",
    "Lập trình, viên chức; kỹ sư. Phần mềm",
    "TP. Hồ Chí Minh, Sài Gòn",
    "Chief accountant, business analyst",
    "Nhân viên kinh doanh bán thời gian làm việc từ xa",
    "Thợ hàn",
]
QUERIES = ["developer", "hn", "hcm python", "sales", "remote", "chief accountant", "ba", "kế toán trưởng", "part-time -sales", "thợ"]


def test_places_and_lexemes_of_expressions() -> None:
    assert list(find(tokens("Tuyển lập trình viên ở Hà Nội"))) == [(1, "laptrinhvien"), (5, "hanoi")]
    assert list(find([])) == []


def test_a_query_asks_for_the_lexeme() -> None:
    assert render(parse("hn")) == "('hn' | 'hanoi')"
    assert glued(parse("hà nội")).terms[0].words == parse("hà nội").terms[0].words


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("text", TEXTS)
def test_the_lexemes_answer_as_the_phrases_would(app: object, text: str, query: str) -> None:
    words = tokens(text)
    vectors = {"plain": render_vector([Field("D", [words])]), "marked": render_vector([Field("D", [words], list(find(words)))])}
    queries = {"phrases": to_tsquery(parse(query)), "lexemes": render(parse(query))}

    asked = "SELECT CAST(:plain AS tsvector) @@ to_tsquery('simple', :phrases), CAST(:marked AS tsvector) @@ to_tsquery('simple', :lexemes)"
    by_phrase, by_lexeme = db.session.execute(sql(asked), vectors | queries).one()

    assert by_lexeme is by_phrase


def test_every_synonym_of_several_words_is_marked_where_it_stands() -> None:
    several = [phrase for phrase in thesaurus().synonyms() if len(phrase) > 1]

    unmarked = [phrase for phrase in several if (0, "".join(token.folded for token in phrase)) not in find([token.folded for token in phrase])]

    assert len(several) > 50
    assert unmarked == []
