"""What people type becomes terms, phrases and exclusions; anything is a query, within bounds."""

import pytest
from hypothesis import given

from app.search.query import MAX_QUERY_LENGTH, MAX_QUERY_WORDS, Phrase, Query, parse
from tests.search.strategies import hostile_text, written_text


def words(phrases: tuple[Phrase, ...]) -> list[str]:
    return [" ".join(token.folded for token in phrase) for phrase in phrases]


def in_words(query: Query) -> tuple[list[str], list[str], list[str]]:
    return words(tuple(term.words for term in query.terms)), words(query.phrases), words(query.excluded)


@pytest.mark.parametrize(
    ("text", "terms", "phrases", "excluded"),
    [
        ("python django", ["python", "django"], [], []),
        ('kế toán "thuế GTGT" -"thực tập" -sales', ["ke toan"], ["thue gtgt"], ["thuc tap", "sales"]),
        ("“thuế GTGT” «kê khai»", [], ["thue gtgt", "ke khai"], []),
        ("C++ -C# -.NET", ["cplusplus"], [], ["csharp", "dotnet"]),
        ("Node JS R & D", ["nodejs", "rnd"], [], []),
        ("full-time --java", ["fulltime"], [], ["java"]),
        ("-thực_tập", [], [], ["thuc tap"]),
        ("java - python", ["java", "python"], [], []),
        ('java"spring boot"go', ["java", "go"], ["spring boot"], []),
        ('"spring boot"-go', ["go"], ["spring boot"], []),
        ('"kế toán trưởng', ["ke toan truong"], [], []),
        ('"java" python"', ["python"], ["java"], []),
        ("java* | (python) & !go: <->", ["java", "python", "go"], [], []),
        ("java Java JAVA", ["java"], [], []),
    ],
)
def test_what_is_typed_is_read(text: str, terms: list[str], phrases: list[str], excluded: list[str]) -> None:
    assert in_words(parse(text)) == (terms, phrases, excluded)


@pytest.mark.parametrize("text", ["", "   ", '"', '""', "- -- -", "* | & ! ( ) :", '-""', "\x00\ud800", "…"])
def test_a_text_without_words_is_an_empty_query(text: str) -> None:
    query = parse(text)

    assert query.is_empty
    assert not query.has_wishes
    assert query == Query()


def test_a_query_that_only_excludes_is_not_empty_but_wishes_for_nothing() -> None:
    query = parse("-java")

    assert not query.is_empty
    assert not query.has_wishes


def test_a_known_expression_brings_its_synonyms_and_a_quoted_one_does_not() -> None:
    assert "developer" in words(parse("lập trình viên").terms[0].synonyms)
    assert parse('"lập trình viên"').terms == ()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("việc làm kế toán tại Hà Nội", ["ke toan", "ha noi"]),
        ("việc làm thêm", ["viec lam them"]),
        ("việc làm", ["viec lam"]),
        ('việc làm "kế toán"', []),
        ("jobs in Hanoi", ["hanoi"]),
        ("lái xe tải tại Huế", ["lai xe", "tai", "hue"]),
        ("lai xe tai", ["lai xe", "tai"]),
    ],
)
def test_words_that_tell_nothing_are_left_out_when_others_remain(text: str, terms: list[str]) -> None:
    assert in_words(parse(text))[0] == terms


@pytest.mark.parametrize(
    ("text", "other"), [("kĩ", "kỹ"), ("ky", "ki"), ("Quí", "quý"), ("quy", "qui"), ("sỹ", "sĩ"), ("ti", "ty"), ("thi", None), ("y", None)]
)
def test_a_syllable_with_two_spellings_finds_both(text: str, other: str | None) -> None:
    (term,) = parse(text).terms

    assert [phrase[0].accented for phrase in term.synonyms] == ([other] if other else [])


def test_an_expression_keeps_its_own_synonyms_alone() -> None:
    (term,) = parse("bác sĩ").terms

    assert words(term.synonyms) == ["bac sy", "doctor", "physician"]


def test_relaxing_asks_for_any_word_and_keeps_the_exclusions() -> None:
    query = parse('kế toán "thuế gtgt" -sales')

    relaxed = query.relaxed()

    assert in_words(relaxed) == (["ke toan", "thue", "gtgt"], [], ["sales"])
    assert relaxed.match_any
    assert not query.match_any
    assert (query.is_relaxable, relaxed.is_relaxable) == (True, False)


@pytest.mark.parametrize(
    ("text", "relaxable"), [("java", False), ("java go", True), ('"java"', False), ('"java go"', True), ("-java", False), ("", False)]
)
def test_a_query_is_relaxable_when_it_asks_for_more_than_one_thing(text: str, relaxable: bool) -> None:
    assert parse(text).is_relaxable is relaxable


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("java pyth", "pyth"),
        ("java ", None),
        ("C++", None),
        ('"java"', None),
        ("a -java", None),
        ("a" * 300, None),
        ('x "kế', "ke"),
        ("x ke\u0302\u0301", "ke"),
    ],
)
def test_the_last_plain_word_may_be_unfinished(text: str, unfinished: str | None) -> None:
    query = parse(text)

    assert (query.unfinished and query.unfinished.folded) == unfinished


def test_what_is_beyond_the_limits_is_left_out_and_said() -> None:
    too_many = parse(" ".join(f"w{number}" for number in range(MAX_QUERY_WORDS + 1)))
    too_long = parse("kế toán".ljust(MAX_QUERY_LENGTH) + "python")

    assert len(too_many.terms) == MAX_QUERY_WORDS
    assert in_words(too_long)[0] == ["ke toan"]
    assert too_many.is_shortened
    assert too_long.is_shortened
    assert not parse(" ".join(f"w{number}" for number in range(MAX_QUERY_WORDS))).is_shortened


def test_an_exclusion_that_does_not_fit_goes_as_a_whole() -> None:
    query = parse(" ".join(f"w{number}" for number in range(MAX_QUERY_WORDS - 1)) + ' -"a b"')

    assert query.excluded == ()
    assert query.is_shortened


@given(written_text)
def test_every_text_is_a_query_within_the_limits(text: str) -> None:
    query = parse(text)

    typed = [*(term.words for term in query.terms), *query.phrases, *query.excluded]
    assert sum(map(len, typed)) <= MAX_QUERY_WORDS
    assert all(typed)
    assert query.is_empty == (not typed)


@given(hostile_text)
def test_quoting_a_text_loses_none_of_its_words(text: str) -> None:
    inside = "".join(char for char in text if char not in '"“”„‟«»＂')[:60]

    query = parse(f'"{inside}"')

    assert query.terms == ()
    assert query.excluded == ()
    assert query.is_empty == (not parse(inside).has_wishes and not parse(inside).excluded)
