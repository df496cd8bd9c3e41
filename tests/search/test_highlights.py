"""Marks in what a searcher reads: safe to print, and where an engine found something."""

import re
from html import unescape
from unicodedata import normalize

import pytest
from flask.testing import FlaskClient
from hypothesis import given

from app.search import highlights
from app.search.highlights import FRAGMENTS, LONGEST_FRAGMENT, marker
from app.search.query import parse
from app.search.text import tokens
from tests.factories import CompanyFactory
from tests.search.board import post, search
from tests.search.strategies import written_text

TAGS = re.compile(r"</?mark>")


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("ky su", "Kỹ sư Điện, kĩ sư", "<mark>Kỹ sư</mark> Điện, <mark>kĩ sư</mark>"),
        ("Kỹ sư", "KY SU", "<mark>KY SU</mark>"),
        ("su", "sự sung sướng, su!", "<mark>sự</mark> sung sướng, <mark>su</mark>!"),
        ("developer", "Lập trình viên Java", "<mark>Lập trình viên</mark> Java"),
        ('"kế toán"', "kế hoạch, toán, kế  toán", "kế hoạch, toán, <mark>kế  toán</mark>"),
        ("c++", "C và C++ hay c/c++", "C và <mark>C++</mark> hay c/<mark>c++</mark>"),
        ("c#", "C# hoặc C sharp", "<mark>C#</mark> hoặc <mark>C sharp</mark>"),
        ("nodejs", "Node.js, NodeJS và node js", "<mark>Node.js</mark>, <mark>NodeJS</mark> và <mark>node js</mark>"),
        ("đà nẵng", "Da\u0300 Na\u0306\u0303ng", "<mark>Dà Nẵng</mark>"),
        ("java -python", "Java & Python", "<mark>Java</mark> &amp; Python"),
        (
            "b",
            "<b>b</b> & 'b' \"b\"",
            "&lt;<mark>b</mark>&gt;<mark>b</mark>&lt;/<mark>b</mark>&gt; &amp; &#x27;<mark>b</mark>&#x27; &quot;<mark>b</mark>&quot;",
        ),
        ("mark", "<mark>x</mark>", "&lt;<mark>mark</mark>&gt;x&lt;/<mark>mark</mark>&gt;"),
    ],
)
def test_words_are_marked_whatever_their_accents_and_nothing_else_is_markup(typed: str, text: str, marked: str) -> None:
    assert marker(parse(typed)).mark(text) == marked


@pytest.mark.parametrize(("typed", "text"), [("kế", "toán"), ("", "kế"), ("-kế", "kế"), ("kế", ""), ("!", "!")])
def test_without_a_word_there_are_no_marks(typed: str, text: str) -> None:
    marks = marker(parse(typed))

    assert (marks.mark(text), marks.fragments([text])) == (None, [])


def test_an_unfinished_word_marks_the_word_that_it_begins() -> None:
    query = parse("lap tri")

    assert marker(query, with_prefix=True).mark("lập trình, lập trí") == "<mark>lập</mark> <mark>trình</mark>, <mark>lập</mark> <mark>trí</mark>"
    assert marker(query).mark("lập trình, lập trí") == "<mark>lập</mark> trình, <mark>lập</mark> <mark>trí</mark>"


def test_passages_are_short_cut_at_blanks_and_say_where_they_are_cut() -> None:
    text = "chữ " * 100 + "mốc " + "chữ " * 100

    (passage,) = marker(parse("mốc")).fragments([text])

    assert passage.startswith("… chữ ") and passage.endswith(" chữ …")
    assert "chữ <mark>mốc</mark> chữ" in passage
    assert len(TAGS.sub("", passage)) <= LONGEST_FRAGMENT + len("…  …")


def test_passages_come_from_the_first_texts_and_do_not_overlap() -> None:
    texts = ["không có", "mốc một, mốc hai", "mốc ba " + "chữ " * 60 + "mốc bốn", "mốc năm"]

    passages = marker(parse("mốc")).fragments(texts)

    assert len(passages) == FRAGMENTS
    assert passages[0] == "<mark>mốc</mark> một, <mark>mốc</mark> hai"
    assert passages[1].startswith("<mark>mốc</mark> ba chữ")


def test_a_word_beyond_what_is_read_is_not_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlights, "READ", 8)

    assert marker(parse("mốc")).fragments(["chữ chữ mốc"]) == []


@given(written_text, written_text)
def test_the_text_is_whole_beneath_its_marks(typed: str, text: str) -> None:
    marked = marker(parse(typed)).mark(text)

    if marked is not None:
        assert unescape(TAGS.sub("", marked)) == normalize("NFC", text).strip()
        assert "<" not in TAGS.sub("", marked)


@given(written_text)
def test_a_text_that_was_searched_for_is_marked(text: str) -> None:
    query = parse(text)
    has_latin_terms = any(word.folded in text.casefold().split() for term in query.terms for word in term.words)

    marked = marker(query).mark(text)

    assert marked is not None or not has_latin_terms or not tokens(text)


def test_a_hit_shows_its_marks(client: FlaskClient) -> None:
    company = CompanyFactory(name="Kế & Toán")
    post("Kế toán <trưởng>", company=company, location="Huế", description="Làm <b>kế toán</b>.", benefits="Không.")

    (job,) = search(client, q="ke toan")["results"]

    assert job["highlights"] == {
        "title": "<mark>Kế toán</mark> &lt;trưởng&gt;",
        "company": "<mark>Kế &amp; Toán</mark>",
        "location": None,
        "passages": ["Làm &lt;b&gt;<mark>kế toán</mark>&lt;/b&gt;."],
    }
    assert job["title"] == "Kế toán <trưởng>"


@pytest.mark.parametrize(
    ("typed", "title"),
    [("ke tona", "<mark>Kế toán</mark>"), ("ke zzzz", "<mark>Kế</mark> toán"), ("ke to", "<mark>Kế</mark> <mark>toán</mark>")],
)
def test_what_is_marked_is_what_was_searched_for(client: FlaskClient, typed: str, title: str) -> None:
    post("Kế toán")

    assert search(client, q=typed)["results"][0]["highlights"]["title"] == title


def test_without_a_text_nothing_is_marked(client: FlaskClient) -> None:
    post("Kế toán")

    assert search(client)["results"][0]["highlights"] == {"title": None, "company": None, "location": None, "passages": []}
