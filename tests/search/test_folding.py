"""Folding forgets accents and case and nothing else; the accented form forgets only where the tone stands."""

import unicodedata

import pytest
from hypothesis import given

from app.search.folding import accented, fold
from tests.search.strategies import hostile_text


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Kỹ sư Điện – Đà Nẵng", "ky su dien – da nang"),
        ("NGUYỄN THỊ PHƯƠNG THẢO", "nguyen thi phuong thao"),
        ("Ｐｙｔｈｏｎ　３", "python 3"),
        ("200m² ﬁle Straße Łódź", "200m2 file strasse lodz"),
        ("Oracle™ 10", "oracle  10"),
        ("co\u00adder\u200bnew", "coder new"),
        ("Привет Ά ١٢", "привет α 12"),
        ("a\x00b\ud800c", "a b c"),
        ("", ""),
    ],
)
def test_folding_gives_plain_lower_case_letters(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(("old", "new"), [("hòa", "hoà"), ("khỏe", "khoẻ"), ("thủy", "thuỷ"), ("tòan", "toàn"), ("Hùynh", "Huỳnh"), ("QÚY", "quý")])
def test_old_and_new_tone_placement_are_one_word(old: str, new: str) -> None:
    assert accented(old) == accented(new) == new.lower()
    assert fold(old) == fold(new)


def test_the_accented_form_keeps_accents() -> None:
    assert accented("KẾ TOÁN") == "kế toán"
    assert accented("kê toan") == "kê toan"
    assert accented("Đặng") != accented("Dang")


def test_a_mark_that_composes_with_no_letter_is_dropped_from_the_accented_form() -> None:
    assert accented("q\u0303uang") == "quang"
    assert accented("\u1100\u0301\u1161") == "\uac00"


def test_every_code_point_keeps_its_letter_and_folds_to_a_fixed_point() -> None:
    # Folding maps characters one by one, so what holds for each of them holds for every text. Planes 2 to 16 hold only ideographs and blanks.
    characters = [chr(code) for code in range(0x20000)]

    lost = [char for char in characters if char.isalpha() and not any(map(str.isalpha, fold(char)))]
    restless = [char for char in characters if fold(fold(char)) != fold(char)]
    unequal = [char for char in characters if fold(unicodedata.normalize("NFD", char)) != fold(char) or fold(accented(char)) != fold(char)]

    assert (lost, restless, unequal) == ([], [], [])


@given(hostile_text)
def test_folding_is_idempotent_and_loses_no_letter(text: str) -> None:
    folded = fold(text)

    assert fold(folded) == folded
    assert sum(map(str.isalpha, folded)) >= sum(map(str.isalpha, text))


@given(hostile_text)
def test_folding_ignores_how_a_text_is_composed(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)

    assert fold(composed) == fold(decomposed) == fold(text)
    assert accented(composed) == accented(decomposed) == accented(text)


@given(hostile_text)
def test_the_accented_form_is_idempotent_and_folds_to_the_same(text: str) -> None:
    exact = accented(text)

    assert accented(exact) == exact
    assert fold(unicodedata.normalize("NFC", exact)) == fold(exact)
    assert unicodedata.normalize("NFC", fold(exact)) == unicodedata.normalize("NFC", fold(text))
