"""Keys of the Telex method are read as the syllables they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search import telex


@pytest.mark.parametrize(
    ("keys", "syllable"),
    [
        ("tieengs", "tieng"),
        ("tieesng", "tieng"),
        ("vieejc", "viec"),
        ("nguwowif", "nguoi"),
        ("dduwowcj", "duoc"),
        ("ddaij", "dai"),
        ("tw", "tu"),
        ("kees", "ke"),
        ("toans", "toan"),
        ("toan", "toan"),
        ("enginer", "enginer"),
        ("kubernets", "kubernets"),
        ("javas", "javas"),
        ("sql", "sql"),
        ("", ""),
    ],
)
def test_keys_are_read(keys: str, syllable: str) -> None:
    assert telex.read(keys) == syllable


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=24))
def test_reading_never_raises_and_never_adds_a_letter(keys: str) -> None:
    assert len(telex.read(keys)) <= len(keys)
