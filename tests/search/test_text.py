"""Technical terms stay whole, and no token gives an engine anything to cut."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from sqlalchemy import text as sql

from app.extensions import db
from app.search import terms
from app.search.text import IndexText, Token, accented, analyse, fold, index_text, tokens
from tests.search.strategies import hostile_text, written_text

FOLDED = re.compile(r"[a-z0-9]{1,255}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kỹ sư C++/C#", "ky su cplusplus csharp"),
        ("C++17, C, F#", "cplusplus 17 c fsharp"),
        ("Ｃ＋＋ C♯ cpp", "cplusplus csharp cplusplus"),
        (".NET Core, .NET8 dot net", "dotnet core dotnet 8 dotnet"),
        ("ASP.NET ASP .NET aspnet", "aspdotnet dotnet aspdotnet dotnet aspdotnet dotnet"),
        ("C#.NET", "csharp dotnet"),
        ("www.example.net", "www example net"),
        ("Node.js NodeJS Node JS node-js", "nodejs nodejs nodejs nodejs"),
        ("React.js, Vue.js, Next.js", "reactjs vuejs nextjs"),
        ("CI/CD ci cd CICD", "cicd cicd cicd"),
        ("UI/UX UX-UI UIUX", "ui ux ui ux ui ux"),
        ("My SQL Server", "mysql server"),
        ("R&D R & D RnD F&B", "rnd rnd rnd fnb"),
        ("AT&T", "at t"),
        ("Objective-C 3D 3Ds Max", "objectivec 3d 3dsmax"),
        ("Front-end, Front End, Frontend", "frontend frontend frontend"),
        ("MS SQL Server", "mssql sql"),
        ("job#12 a_b 5++ +84", "job 12 a b 5 84"),
        ("TP. Hồ Chí Minh", "tp ho chi minh"),
        ("10.000.000 VNĐ", "10 000 000 vnd"),
        ("日本語 통역", "u65e5 u672c u8a9e ud1b5uc5ed"),
        ("Инженер", "u438u43du436u435u43du435u440"),
        ("… – !", ""),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    assert tokens(text) == expected.split()


def test_both_forms_stand_side_by_side() -> None:
    assert analyse("Kỹ sư Node.js tòan") == [Token("ky", "kỹ"), Token("su", "sư"), Token("nodejs", "nodejs"), Token("toan", "toàn")]
    assert index_text("Kỹ sư Node.js tòan") == IndexText("ky su nodejs toan", "kỹ sư nodejs toàn")


def test_a_text_without_words_has_no_tokens() -> None:
    assert index_text(" \n… ") == IndexText("", "")


def test_a_very_long_word_is_cut_and_nothing_of_it_is_lost() -> None:
    found = tokens("ố" * 100)

    assert [len(token) for token in found] == [32, 32, 32, 4]
    assert "".join(found) == "o" * 100


def test_more_pieces_than_are_remembered_give_the_same_tokens() -> None:
    words = [f"từ{number}" for number in range(40_000)]

    first, second = tokens(" ".join(words)), tokens(" ".join(words))

    assert first == second == [f"tu{number}" for number in range(40_000)]


def test_every_technical_term_is_reached_as_it_is_written() -> None:
    table = tomllib.loads((Path(terms.__file__).parent / "data" / "terms.toml").read_text("utf-8"))
    written = {key: value.split() for section in table.values() for key, value in section.items()}

    assert {key: tokens(key) for key in written} == written
    assert {key: tokens(key.upper()) for key in written} == written


@given(written_text)
def test_tokens_hold_only_what_engines_keep_whole(text: str) -> None:
    found = analyse(text)

    assert all(FOLDED.fullmatch(token.folded) for token in found)
    assert all(token.accented.isalnum() and len(token.accented) <= 255 for token in found)
    assert all(fold(token.accented) == token.folded for token in found)


@given(hostile_text)
def test_tokens_lose_no_latin_letter(text: str) -> None:
    letters = re.findall("[a-z]", fold(text))

    kept = iter("".join(tokens(text)))

    assert all(letter in kept for letter in letters)


@given(written_text)
def test_index_text_is_the_tokens_and_ignores_case_and_composition(text: str) -> None:
    indexed = index_text(text)

    assert indexed.folded.split() == tokens(text)
    assert index_text(accented(text)) == indexed


def test_postgresql_keeps_every_token_whole(app: object) -> None:
    # The shapes that its parser knows as something else than a word: numbers with exponents, versions, hosts, paths, tags, entities, addresses.
    texts = [
        "1e5a 1é5a 5e2e7 0x1f 1e5",
        "v1.2.3 -5 +7.5e-3 10.0.0.1",
        "www.a.com/b?c=d /usr/bin <b>x</b> &amp; me@a.com",
        "đ2 2đ ấ1b ß ø kĩ-sư",
        "日1e5a Ж2e2ж",
    ]

    for indexed in map(index_text, texts):
        for form in indexed:
            rows = db.session.execute(sql("SELECT lexeme, unnest(positions) FROM unnest(to_tsvector('simple', :form)) ORDER BY 2"), {"form": form})

            assert [lexeme for lexeme, _ in rows] == form.split()
