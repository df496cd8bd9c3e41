"""Whatever is typed, PostgreSQL gets a query that it accepts and that means what was typed."""

import re

import pytest
from hypothesis import given
from sqlalchemy import text as sql

from app.extensions import db
from app.search.query import parse
from app.search.text import index_text
from app.search.tsquery import to_tsquery
from tests.search.strategies import written_text

LEXEME = r"'[^\W_]{1,255}'(?::\*)?"


def is_well_formed(rendered: str) -> bool:
    """Reduce the grammar of our queries bottom-up: `e := lexeme | !e | (e op e op e ...)`, and at the top also `e & e & ...`."""
    reduced = re.sub(LEXEME, "e", rendered)
    before = None
    while before != reduced:
        before = reduced
        reduced = re.sub(r"!e|\(e(?: & e)+\)|\(e(?: \| e)+\)|\(e(?: <-> e)+\)", "e", reduced)
    return re.fullmatch(r"e(?: & e)*|", reduced) is not None


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("python C++", "'python' & 'cplusplus'"),
        ("chief accountant", "(('chief' & 'accountant') | ('ke' <-> 'toan' <-> 'truong'))"),
        ("HN python", "('hn' | ('ha' <-> 'noi') | 'hanoi') & 'python'"),
        ('"Đà Lạt" "Java"', "('da' <-> 'lat') & 'java'"),
        ('java -"a b" -c', "'java' & !('a' <-> 'b') & !'c'"),
        ("-java", "!'java'"),
        ("'; DROP TABLE users; --", "'drop' & 'table' & 'users'"),
        ("* | & !", ""),
    ],
)
def test_a_query_is_rendered(text: str, rendered: str) -> None:
    assert to_tsquery(parse(text)) == rendered
    assert is_well_formed(rendered)


def test_the_relaxed_form_joins_wishes_by_or_and_keeps_exclusions() -> None:
    assert to_tsquery(parse("java python -go").relaxed()) == "('java' | 'python') & !'go'"
    assert to_tsquery(parse("-go").relaxed()) == "!'go'"


def test_the_accented_form_asks_for_the_accents_typed() -> None:
    assert to_tsquery(parse("Thủy sản"), with_accents=True) == "'thuỷ' & 'sản'"


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("java pyth", "'java' & 'pyth':*"),
        ("hn", "('hn':* | ('ha' <-> 'noi') | 'hanoi')"),
        ("java p", "'java' & 'p'"),
        ("java pyth ", "'java' & 'pyth'"),
        ("java pyth java", "'java':* & 'pyth'"),
    ],
)
def test_an_unfinished_word_may_match_as_a_prefix(text: str, rendered: str) -> None:
    assert to_tsquery(parse(text), with_prefix=True) == rendered


@given(written_text)
def test_anything_typed_renders_to_the_grammar(text: str) -> None:
    query = parse(text)

    for form in (query, query.relaxed()):
        for with_accents in (False, True):
            rendered = to_tsquery(form, with_accents=with_accents, with_prefix=True)

            assert is_well_formed(rendered)
            assert (rendered == "") == query.is_empty


@pytest.mark.parametrize(
    ("job", "text", "found"),
    [
        ("Lập trình viên C++ tại TP. Hồ Chí Minh", "cpp developer sài gòn", True),
        ("Nhân viên kinh doanh", "sales", True),
        ("Senior .NET Developer", "lap trinh vien dotnet", True),
        ("ASP.NET Core", ".NET", True),
        ("Kế toán tổng hợp", '"kế toán"', True),
        ("Toán học, thiết kế", '"kế toán"', False),
        ("Kế toán thực tập", "kế toán -thực_tập", False),
        ("Node.js, CI/CD", "nodejs cicd", True),
        ("Kỹ sư JavaScript", "java", False),
        ("Khách sạn Hoà Bình", "hòa bình khach san", True),
        ("Kỹ sư 1e5a", "1E5A", True),
        ("通訳 (日本語)", "日本語", True),
    ],
)
def test_postgresql_finds_what_is_meant(app: object, job: str, text: str, found: bool) -> None:
    statement = sql("SELECT to_tsvector('simple', :indexed) @@ to_tsquery('simple', :query)")

    matches = db.session.execute(statement, {"indexed": index_text(job).folded, "query": to_tsquery(parse(text))}).scalar_one()

    assert matches is found


@pytest.mark.parametrize(
    "text", ["1e5a -2e3b", "java:* & !(", "'x'\\'\\", "<-> <1000000> !!", "日本 -Ж \x00\ud800", "AND or NOT", "a&b|c", "ấ1é2a x*", "-java"]
)
def test_postgresql_accepts_hostile_queries(app: object, text: str) -> None:
    query = parse(text)

    for form in (query, query.relaxed()):
        for with_accents in (False, True):
            rendered = to_tsquery(form, with_accents=with_accents, with_prefix=True)
            nodes = db.session.execute(sql("SELECT numnode(to_tsquery('simple', :query))"), {"query": rendered}).scalar_one()

            assert nodes > 0
