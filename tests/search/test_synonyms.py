"""Known expressions are recognised in a query, longest first, and never chain."""

import tomllib
from pathlib import Path

import pytest

from app.search import synonyms
from app.search.synonyms import Term, read_thesaurus, thesaurus
from app.search.text import analyse


def in_words(terms: list[Term]) -> list[tuple[str, set[str]]]:
    return [
        (" ".join(token.accented for token in term.words), {" ".join(token.accented for token in phrase) for phrase in term.synonyms})
        for term in terms
    ]


def read(text: str) -> list[tuple[str, set[str]]]:
    return in_words(list(thesaurus().read(analyse(text))))


DEVELOPERS = {"lập trình viên", "developer", "programmer", "kỹ sư phần mềm", "kĩ sư phần mềm", "software engineer"}
SAIGON = {"hồ chí minh", "hcm", "tphcm", "hcmc", "sài gòn", "saigon"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lập trình viên Python", [("lập trình viên", DEVELOPERS - {"lập trình viên"}), ("python", set())]),
        ("lap trinh vien", [("lap trinh vien", DEVELOPERS - {"lập trình viên"})]),
        ("developer HCM", [("developer", DEVELOPERS - {"developer"}), ("hcm", SAIGON - {"hcm"})]),
        ("TP. Hồ Chí Minh", [("tp hồ chí minh", SAIGON)]),
        ("HN", [("hn", {"hà nội", "hanoi"})]),
        ("part time", [("parttime", {"bán thời gian", "việc làm thêm"})]),
        ("kế toán trưởng", [("kế toán trưởng", {"chief accountant"})]),
        ("Python", [("python", set())]),
        ("", []),
    ],
)
def test_expressions_are_recognised_with_their_synonyms(text: str, expected: list[tuple[str, set[str]]]) -> None:
    assert read(text) == expected


def test_other_accents_make_another_word() -> None:
    business_analyst = {"phân tích nghiệp vụ", "business analyst"}

    assert read("BA") == [("ba", business_analyst)]
    assert read("bà") == [("bà", set())]
    assert read("kê toán") == [("kê", set()), ("toán", set())]


def test_an_expression_of_three_words_is_known_by_wrong_accents_and_taken_as_meant() -> None:
    assert read("lâp trinh vien") == [("lập trình viên", DEVELOPERS - {"lập trình viên"})]


@pytest.mark.parametrize("text", ["accountants", "software engineers", "secretaries", "waitresses", "QA engineers", "sales", "teachers"])
def test_an_english_plural_means_the_same(text: str) -> None:
    assert [bool(synonyms) for _, synonyms in read(text)] == [True]


def test_names_and_vietnamese_words_have_no_plural() -> None:
    assert [bool(synonyms) for text in ("hanois", "reacts", "kế toáns") for _, synonyms in read(text)] == [False, False, False, False]


@pytest.mark.parametrize(
    ("text", "fillers"),
    [
        ("accountant in Cần Thơ", ["in"]),
        ("thợ in hà nội", []),
        ("thiet ke in an", []),
        ("tuyen dung in an", ["tuyen"]),
        ("in accountant", []),
        ("accountant in", []),
    ],
)
def test_in_is_left_out_between_an_english_expression_and_another_word(text: str, fillers: list[str]) -> None:
    terms = thesaurus().read(analyse(text))

    assert [term.words[0].folded for term in terms if term.is_filler] == fillers


def test_an_ambiguous_short_form_is_understood_but_never_searched_for() -> None:
    assert "ba" not in dict(read("business analyst"))["business analyst"]


def test_synonyms_do_not_chain() -> None:
    data = {"fillers": [], "group": [{"same": ["alpha", "beta gamma"]}, {"same": ["gamma", "delta"]}]}

    terms = list(read_thesaurus(data).read(analyse("alpha delta")))

    assert in_words(terms) == [("alpha", {"beta gamma"}), ("delta", {"gamma"})]


def test_a_synonym_that_another_one_finds_anyway_is_left_out() -> None:
    data = {"fillers": [], "group": [{"same": ["city", "big city", "town"]}]}

    terms = list(read_thesaurus(data).read(analyse("town")))

    assert in_words(terms) == [("town", {"city"})]


def test_an_expression_with_two_meanings_is_refused() -> None:
    data = {"fillers": [], "group": [{"same": ["ba", "three"]}, {"same": ["bà", "lady"]}]}

    with pytest.raises(ValueError, match="'ba' stands in two groups"):
        read_thesaurus(data)


def test_every_expression_of_the_table_is_recognised_as_one_and_every_group_is_of_use() -> None:
    data = tomllib.loads((Path(synonyms.__file__).parent / "data" / "synonyms.toml").read_text("utf-8"))
    groups = [[*group["same"], *group.get("typed", ())] for group in data["group"]]

    broken = [form for group in groups for form in group if len(read(form)) != 1]
    useless = [group for group in groups if not any(read(form)[0][1] for form in group)]

    assert (broken, useless) == ([], [])
    assert len(groups) >= 30
