"""Rules on text that several features share."""

import pytest

from app.core.text import slugify, unaccented, without_bidi_controls


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Nguyễn Thị Đào - CV", "Nguyen Thi Dao - CV"), ("Nguye\u0302\u0303n", "Nguyen"), ("履歴.pdf", ".pdf"), ("Ａ／Ｂ", ""), ("", "")],
)
def test_letters_lose_their_accents_and_nothing_becomes_a_slash(text: str, plain: str) -> None:
    assert unaccented(text) == plain


@pytest.mark.parametrize(("text", "slug"), [("Kỹ sư Điện", "ky-su-dien"), ("Ｃ＋＋ ﬁrmware", "c-firmware"), ("履歴", "x"), ("ab cd", "ab")])
def test_a_slug_is_of_small_latin_letters(text: str, slug: str) -> None:
    assert slugify(text, longest=3 if text == "ab cd" else 80) == slug


def test_what_turns_the_direction_of_text_is_taken_out_and_nothing_else() -> None:
    turns = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

    assert without_bidi_controls(f"Bảo {turns}Long\u2029\u200d\u05d0") == "Bảo Long\u2029\u200d\u05d0"
