"""When nothing matches as typed: the beginning of a word, corrected slips, then fewer words."""

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import now
from app.extensions import db
from app.search import relaxing
from app.search.vocabulary import is_one_slip
from tests.search.board import index, post, search, titles

pytestmark = pytest.mark.usefixtures("engine_name")


@pytest.mark.parametrize(
    ("text", "corrected", "expected"),
    [
        ("lap trinh vien pyton", "lap trinh vien python", ["Lập trình viên Python"]),
        ("ke tona", "ke toan", ["Kế toán"]),
        ("kế tona", "kế toan", ["Kế toán"]),
        ("kee toan", "ke toan", ["Kế toán"]),
        ("pyhton", "python", ["Lập trình viên Python"]),
        ('"ke tona"', '"ke toan"', ["Kế toán"]),
        ("tona -python", "toan -python", ["Kế toán"]),
        ("pithon lâp tinh", "python lâp trinh", ["Lập trình viên Python"]),
        ("laapj trinhf vieen pythons", "lap trinh vien python", ["Lập trình viên Python"]),
        ("kees toans", "ke toan", ["Kế toán"]),
    ],
)
def test_a_slip_is_corrected_and_said(client: FlaskClient, text: str, corrected: str, expected: list[str]) -> None:
    post("Lập trình viên Python")
    post("Kế toán", description="Lập báo cáo.")

    found = search(client, q=text)

    assert (found["corrected"], found["relaxed"]) == (corrected, False)
    assert titles(found) == expected


def test_of_several_corrections_the_one_that_goes_with_the_other_words_is_taken(client: FlaskClient) -> None:
    post("Kế toán")
    for number in range(3):
        post(f"Nhà hàng tòng {number}", description="Có tona.".replace("tona", "tong"))

    found = search(client, q="ke tona")

    assert (found["corrected"], titles(found)) == ("ke toan", ["Kế toán"])


def test_of_several_corrections_the_one_that_goes_with_its_neighbour_is_taken(client: FlaskClient, engine_name: str) -> None:
    post("Nhân viên kinh doanh")
    for number in range(3):
        post(f"Nhân viên đóng gói {number}", description="Có kinh nghiệm.")

    assert search(client, q="nhan vien kinh doang")["corrected"] == "nhan vien kinh doanh"


def test_a_corrected_word_may_make_a_term_with_the_next(client: FlaskClient, engine_name: str) -> None:
    post("Quán net")
    post("Lập trình viên .NET")

    found = search(client, q="dot neet")

    assert (found["corrected"], titles(found)) == ("dot net", ["Lập trình viên .NET"])


@pytest.mark.parametrize("text", ["FPT", "rust"])
def test_an_abbreviation_and_a_skill_are_no_slips(client: FlaskClient, engine_name: str, text: str) -> None:
    post("Thợ may fit form, trust")

    found = search(client, q=text)

    assert (found["count"], found["corrected"]) == (0, None)


def test_a_word_that_only_a_closed_job_had_is_never_said(client: FlaskClient) -> None:
    post("Kế toán")
    secret = post("Kế toán Zorblaxium")
    secret.deleted_at = now()
    db.session.commit()
    index(secret)

    found = search(client, q="ke toan zorblaxiun")

    assert "zorblaxium" not in json.dumps(found)
    assert (found["relaxed"], found["corrected"], titles(found)) == (True, None, ["Kế toán"])


def test_an_unfinished_word_finds_what_it_begins(client: FlaskClient) -> None:
    post("Lập trình viên Python")

    found = search(client, q="lập trình pyth")

    assert titles(found) == ["Lập trình viên Python"]
    assert (found["relaxed"], found["corrected"]) == (False, None)


def test_words_that_match_are_preferred_to_words_they_begin(client: FlaskClient) -> None:
    post("Lập trình viên JavaScript")
    post("Lập trình viên Java")

    assert titles(search(client, q="java")) == ["Lập trình viên Java"]


def test_a_word_that_no_job_has_is_given_up_and_said(client: FlaskClient) -> None:
    post("Kế toán trưởng")
    post("Kế hoạch")

    found = search(client, q="kế toán zzzzzz")

    assert (found["relaxed"], found["corrected"], titles(found)) == (True, None, ["Kế toán trưởng"])


def test_any_word_is_enough_when_no_job_has_them_all(client: FlaskClient) -> None:
    post("Thợ hàn", description="Huế.")
    post("Thợ mộc", description="Hà Giang.")

    found = search(client, q="hàn mộc")

    assert found["relaxed"] is True
    assert sorted(titles(found)) == ["Thợ hàn", "Thợ mộc"]


def test_another_way_to_say_a_thing_is_no_slip(client: FlaskClient) -> None:
    post("Thợ hàn", location="TP. Hồ Chí Minh", description="Ham học.")

    found = search(client, q="thợ zzzzz hcm")

    assert (found["relaxed"], found["corrected"], titles(found)) == (True, None, ["Thợ hàn"])


def test_a_relaxed_search_keeps_its_exclusions(client: FlaskClient) -> None:
    post("Thợ hàn")
    post("Thợ mộc")

    assert titles(search(client, q="hàn mộc -mộc")) == ["Thợ hàn"]


def test_a_relaxed_search_leaves_its_common_words_aside(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaxing, "MANY", 2)
    for title in ("Thợ hàn", "Thợ mộc", "Thợ sơn"):
        post(title)
    post("Giáo viên")

    found = search(client, q="thợ giáo")

    assert (found["relaxed"], titles(found)) == (True, ["Giáo viên"])


def test_a_search_for_nothing_there_is_says_no_more_than_that(client: FlaskClient) -> None:
    post("Thợ hàn")

    found = search(client, q="qwertyuiop")

    assert (found["count"], found["relaxed"], found["corrected"]) == (0, False, None)


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("tona", "toan", True),
        ("pyton", "python", True),
        ("python", "pyton", True),
        ("kee", "ke", True),
        ("java", "kava", True),
        ("java", "jav", True),
        ("java", "avaj", False),
        ("java", "java", False),
        ("java", "javaxx", False),
        ("ab", "ba", True),
        ("abc", "cba", False),
        ("", "a", True),
        ("", "", False),
    ],
)
def test_one_slip(word: str, other: str, expected: bool) -> None:
    assert is_one_slip(word, other) is expected


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_one_slip_is_what_the_four_slips_make(word: str, other: str) -> None:
    places = range(len(word))
    missing = {word[:place] + word[place + 1 :] for place in places}
    added = {word[:place] + letter + word[place:] for place in range(len(word) + 1) for letter in "abc"}
    replaced = {word[:place] + letter + word[place + 1 :] for place in places for letter in "abc"}
    swapped = {word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in places[:-1]}

    assert is_one_slip(word, other) is (other in (missing | added | replaced | swapped) - {word})


def test_a_rare_word_that_may_be_a_slip_is_asked_back(client: FlaskClient, engine_name: str) -> None:
    for number in range(20):
        post(f"Kế toán {number}")
    post("Kế tóann trưởng")

    found = search(client, q="kế toann")

    assert (found["count"], found["corrected"], found["did_you_mean"]) == (1, None, "kế toan")
    assert search(client, q=found["did_you_mean"])["count"] == 20


def test_a_skill_is_not_asked_back(client: FlaskClient, engine_name: str) -> None:
    for number in range(20):
        post(f"Accountant {number}", description="This is it.")
    post("Developer (iOS)")

    found = search(client, q="ios")

    assert (found["count"], found["did_you_mean"]) == (1, None)


@pytest.mark.parametrize("text", ["kế toán", "kế toann -trưởng", "zzzz", ""])
def test_nothing_is_asked_back_when_the_words_find_many_or_none(client: FlaskClient, engine_name: str, text: str) -> None:
    for number in range(20):
        post(f"Kế toán {number}")
    post("Kế tóann trưởng")

    assert search(client, q=text)["did_you_mean"] is None
