"""Amounts in words: tables, and a reader that takes the Vietnamese words back to the number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.payments.figures import figure
from app.payments.receipts.words import amount_in_english, amount_in_vietnamese, spell_english, spell_vietnamese

NUMBERS = [
    (0, "không", "zero"),
    (4, "bốn", "four"),
    (10, "mười", "ten"),
    (14, "mười bốn", "fourteen"),
    (15, "mười lăm", "fifteen"),
    (20, "hai mươi", "twenty"),
    (21, "hai mươi mốt", "twenty-one"),
    (24, "hai mươi tư", "twenty-four"),
    (55, "năm mươi lăm", "fifty-five"),
    (100, "một trăm", "one hundred"),
    (101, "một trăm lẻ một", "one hundred and one"),
    (105, "một trăm lẻ năm", "one hundred and five"),
    (110, "một trăm mười", "one hundred and ten"),
    (115, "một trăm mười lăm", "one hundred and fifteen"),
    (121, "một trăm hai mươi mốt", "one hundred and twenty-one"),
    (1_000, "một nghìn", "one thousand"),
    (1_005, "một nghìn không trăm lẻ năm", "one thousand and five"),
    (1_015, "một nghìn không trăm mười lăm", "one thousand and fifteen"),
    (10_500, "mười nghìn năm trăm", "ten thousand five hundred"),
    (1_000_001, "một triệu không trăm lẻ một", "one million and one"),
    (1_005_000, "một triệu không trăm lẻ năm nghìn", "one million five thousand"),
    (1_500_000, "một triệu năm trăm nghìn", "one million five hundred thousand"),
    (
        101_005_015,
        "một trăm lẻ một triệu không trăm lẻ năm nghìn không trăm mười lăm",
        "one hundred and one million five thousand and fifteen",
    ),
    (10**9, "một tỷ", "one billion"),
    (10**9 + 5, "một tỷ không trăm lẻ năm", "one billion and five"),
    (10**12, "một nghìn tỷ", "one trillion"),
    (10**15, "một triệu tỷ", "one quadrillion"),
    (
        1_234_567_890_123,
        "một nghìn hai trăm ba mươi tư tỷ năm trăm sáu mươi bảy triệu tám trăm chín mươi nghìn một trăm hai mươi ba",
        "one trillion two hundred and thirty-four billion five hundred and sixty-seven million eight hundred and ninety thousand "
        "one hundred and twenty-three",
    ),
]


@pytest.mark.parametrize(("number", "vietnamese", "english"), NUMBERS, ids=[str(row[0]) for row in NUMBERS])
def test_numbers_are_spelled_as_people_read_them(number: int, vietnamese: str, english: str) -> None:
    assert spell_vietnamese(number) == vietnamese
    assert spell_english(number) == english


@pytest.mark.parametrize("number", [-1, 10**18])
def test_a_number_out_of_range_is_no_number(number: int) -> None:
    for spell in (spell_vietnamese, spell_english):
        with pytest.raises(ValueError, match="is not between"):
            spell(number)


@pytest.mark.parametrize(
    ("amount", "currency", "shown", "vietnamese", "english"),
    [
        (1_500_000, "VND", "1.500.000 VND", "Một triệu năm trăm nghìn đồng", "One million five hundred thousand Vietnamese dong"),
        (1_250, "USD", "12,50 USD", "Mười hai đô la Mỹ và năm mươi xu", "Twelve US dollars and fifty cents"),
        (101, "USD", "1,01 USD", "Một đô la Mỹ và một xu", "One US dollar and one cent"),
        (200_000, "EUR", "2.000,00 EUR", "Hai nghìn euro", "Two thousand euros"),
        (12_345, "GBP", "123,45 GBP", "Một trăm hai mươi ba GBP và 45/100", "One hundred and twenty-three GBP and 45/100"),
        (500, "JPY", "500 JPY", "Năm trăm JPY", "Five hundred JPY"),
    ],
)
def test_amounts_name_their_currency(amount: int, currency: str, shown: str, vietnamese: str, english: str) -> None:
    assert figure(amount, currency) == shown
    assert amount_in_vietnamese(amount, currency) == vietnamese
    assert amount_in_english(amount, currency) == english


DIGITS = {
    **{"không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4},
    **{"năm": 5, "lăm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9},
}
SCALES = {"nghìn": 10**3, "triệu": 10**6, "tỷ": 10**9}


def read_vietnamese(words: str) -> int:
    """The number that the words say, by the school rules: digits, tens, hundreds, then what multiplies all before it."""
    total = below = group = 0
    for word in words.split():
        if word in DIGITS:
            group += DIGITS[word]
        elif word == "mười":
            group += 10
        elif word == "mươi":
            group += 9 * (group % 10)
        elif word == "trăm":
            group *= 100
        elif word == "tỷ":
            total, below, group = (total + below + group) * 10**9, 0, 0
        elif word in SCALES:
            below, group = below + group * SCALES[word], 0
    return total + below + group


@given(st.integers(0, 10**18 - 1))
def test_the_vietnamese_words_say_the_number(number: int) -> None:
    assert read_vietnamese(spell_vietnamese(number)) == number
