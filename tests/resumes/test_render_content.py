"""Which of a résumé's fields are printed, how, and how a change of them is noticed."""

import unicodedata
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.printing.text import one_line
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.dates import month, period
from app.resumes.rendering.digest import content_hash
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.labels import ENGLISH, VIETNAMESE, labels_for
from app.resumes.rendering.limits import ROWS
from app.resumes.rendering.links import Link, email_link, url_link
from app.resumes.rendering.render import render_pdf
from app.resumes.rendering.text import PROSE_LIMIT, Block, blocks, breakable
from tests.resumes.printed import COMPLETE, images_of, portrait, text_of


def changed(*path: Any, value: Any) -> dict[str, Any]:
    """The complete résumé with one value replaced."""
    resume = deepcopy(COMPLETE)
    place: Any = resume
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return resume


PRINTED_CHANGES = [
    changed("title", value="Kỹ sư dữ liệu"),
    changed("full_name", value="Nguyễn Thị Phương Thào"),
    changed("email", value=""),
    changed("address", value="Huế"),
    changed("summary", value="Sáu năm xây dựng hệ thống thanh toán.\n\nThích những thứ đơn giản."),
    changed("skills", value=["Kiểm thử tự động", "Go"]),
    changed("skill_items", 1, "level", value=3),
    changed("experience", 0, "is_current", value=False),
    changed("experience", 0, "technologies", value=[]),
    changed("education", 0, "gpa", value="3.53"),
    changed("education", 0, "start_date", value="2013-10"),
    changed("certifications", 0, "credential_id", value="SAA-7F4"),
    changed("languages", 0, "level", value="N3"),
    changed("projects", 0, "url", value="https://example.org/tram"),
    changed("links", 0, "label", value="Mã nguồn"),
]


@pytest.mark.parametrize("resume", PRINTED_CHANGES, ids=range(len(PRINTED_CHANGES)))
def test_what_changes_the_page_changes_the_hash(resume: dict[str, Any]) -> None:
    assert content_hash(resume, "classic") != content_hash(COMPLETE, "classic")
    assert render_pdf(resume) != render_pdf(COMPLETE)


def test_another_photo_changes_the_hash() -> None:
    other = changed("photo", value=portrait("navy", size=(90, 120)))

    assert content_hash(other, "classic") != content_hash(COMPLETE, "classic")
    assert images_of(render_pdf(other)) == [(90, 120)]


UNPRINTED_CHANGES = [
    COMPLETE | {"id": 77, "is_primary": True, "pdf_status": "READY", "updated_at": "2025-01-01", "theme": "other"},
    dict(reversed(list(COMPLETE.items()))),
    changed("full_name", value=unicodedata.normalize("NFD", "Nguyễn  Thị Phương\u200b Thảo\u202e")),
    changed("education", 0, "start_date", value=date(2013, 9, 30)),
    changed("education", 0, "gpa", value=Decimal("3.52")),
    changed("skill_items", 0, "id", value=99),
    changed("skills", value=["python", "Kiểm thử tự động"]),
    changed("summary", value="\nSáu năm xây dựng hệ thống  thanh toán. \r\nThích những thứ đơn giản.\n\n"),
    changed("links", value=[*COMPLETE["links"], {"label": "trống", "url": ""}, None]),
    changed("photo", value=bytearray(COMPLETE["photo"])),
]


@pytest.mark.parametrize("resume", UNPRINTED_CHANGES, ids=range(len(UNPRINTED_CHANGES)))
def test_what_leaves_the_page_as_it_is_leaves_the_hash(resume: dict[str, Any]) -> None:
    assert content_hash(resume, "classic") == content_hash(COMPLETE, "classic")
    assert render_pdf(resume) == render_pdf(COMPLETE)


def test_the_hash_is_known_for_themes_alone() -> None:
    with pytest.raises(RenderError):
        content_hash(COMPLETE, "nothing")


BROKEN = {
    "null": None,
    "number": 5,
    "flag": True,
    "text": "text",
    "bytes": b"bytes",
    "texts": ["a"],
    "object": {"a": 1},
    "nested": [[]],
    "nulls": [None],
    "rows": [{"name": {}}],
    "nan": float("nan"),
    "huge": 10**9000,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_values_of_the_wrong_type_never_stop_the_hash(broken: Any) -> None:
    resume = dict.fromkeys(COMPLETE, broken)

    assert len(content_hash(resume, "classic")) == 64


def test_rows_and_texts_up_to_the_caps_are_printed_and_more_are_refused() -> None:
    most = {section: [{"name": f"{number}"} for number in range(cap)] for section, cap in ROWS.items() if section != "technologies"}
    assert read_sheet({"title": "x", "summary": "a" * PROSE_LIMIT, **most}).fault is None

    rows = read_sheet({"experience": [{"position": "p"}] * (ROWS["experience"] + 1)}).fault
    text = read_sheet({"projects": [{"name": "p", "description": "a" * (PROSE_LIMIT + 1)}]}).fault
    assert rows == "There are 61 entries under “experience”; a résumé can print 60."
    assert text == "The text under “description” has 10,001 characters; a résumé can print 10,000 in one text."


def test_skills_that_nobody_rated_print_without_levels() -> None:
    unrated = read_sheet({"skill_items": [{"name": "Excel", "level": 3}, {"name": "Word", "level": 3}], "skills": ["Excel", "Word"]})
    rated = read_sheet({"skill_items": [{"name": "Excel", "level": 3}, {"name": "Word", "level": 4}], "skills": ["excel", "Access"]})

    assert (unrated.rated_skills, unrated.plain_skills) == ((), ("Excel", "Word"))
    assert [(skill.name, skill.level) for skill in rated.rated_skills] == [("Excel", 3), ("Word", 4)]
    assert rated.plain_skills == ("Access",)


def test_entries_without_their_main_field_show_what_there_is() -> None:
    sheet = read_sheet({"experience": [{"company": "Sao Mai"}, {}, {"start_date": "2020"}], "languages": ["Tiếng Anh"], "links": ["https://a.vn/"]})

    assert [(entry.title, entry.subtitle, entry.period) for entry in sheet.experience] == [("Sao Mai", "", ""), ("", "", "2020")]
    assert sheet.languages[0].name == "Tiếng Anh"
    assert sheet.links == (("", Link("a.vn", "https://a.vn/")),)


@pytest.mark.parametrize(
    ("given_date", "vietnamese", "english"),
    [
        ("2023-04", "04/2023", "Apr 2023"),
        ("2023-04-15", "04/2023", "Apr 2023"),
        ("2023-4", "04/2023", "Apr 2023"),
        ("2023-04-15T08:00:00+07:00", "04/2023", "Apr 2023"),
        (date(2023, 12, 1), "12/2023", "Dec 2023"),
        ("2023", "2023", "2023"),
        (2023, "2023", "2023"),
        ("2023-13", "2023-13", "2023-13"),
        ("mùa hè  2023", "mùa hè 2023", "mùa hè 2023"),
        (None, "", ""),
    ],
)
def test_dates_print_as_month_and_year_or_as_written(given_date: Any, vietnamese: str, english: str) -> None:
    assert month(given_date, VIETNAMESE) == vietnamese
    assert month(given_date, ENGLISH) == english


@pytest.mark.parametrize(
    ("start", "end", "is_current", "printed"),
    [
        ("2020-01", "2021-02", False, "01/2020 – 02/2021"),
        ("2020-01", "2021-02", True, "01/2020 – Hiện tại"),
        ("2020-01", None, False, "01/2020"),
        (None, "2021-02", False, "02/2021"),
        ("2020-01-01", "2020-01-31", False, "01/2020"),
        (None, None, False, ""),
    ],
)
def test_periods(start: str | None, end: str | None, is_current: bool, printed: str) -> None:
    assert period(start, end, VIETNAMESE, is_current=is_current) == printed


@pytest.mark.parametrize(
    ("address", "href"),
    [
        ("https://example.com/a?b=c&d=%20#e", "https://example.com/a?b=c&d=%20#e"),
        ("HTTP://example.com:8080", "HTTP://example.com:8080"),
        ("https://example.com/tiếng%20Việt", "https://example.com/ti%E1%BA%BFng%20Vi%E1%BB%87t"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ("example.com", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("data:text/html,x", None),
        ("//example.com", None),
        ("https://", None),
        ("https:///path", None),
        ("https://bank.vn@evil.example/", None),
        ("https://example.com:99999/", None),
        ("https://[::1", None),
        ("https://example.com/a b", None),
        ("https://example.com\\@evil.example", None),
        ("mailto:a@example.com?bcc=b@example.com", None),
        ("https://example.com/" + "a" * 2000, None),
    ],
)
def test_only_complete_web_and_mail_addresses_become_links(address: str, href: str | None) -> None:
    link = url_link(address)

    assert link is not None and link.href == href
    assert href is not None or link.text == one_line(address)


def test_a_mail_address_with_room_for_headers_is_no_link() -> None:
    assert email_link("thao+cv@mail.example.com") == Link("thao+cv@mail.example.com", "mailto:thao+cv@mail.example.com")
    assert email_link("a%0Abcc:x@example.com") == Link("a%0Abcc:x@example.com")
    assert email_link("a@example.com?bcc=x@example.com") == Link("a@example.com?bcc=x@example.com")


def test_the_language_is_that_of_the_sentences() -> None:
    assert labels_for("", ["Kỹ sư phần mềm", "Phát triển API"]) is VIETNAMESE
    assert labels_for("", ["Résumé of a café manager at Nguyễn Huệ street, where the team served coffee"]) is ENGLISH
    assert labels_for("en", ["Kỹ sư phần mềm"]) is ENGLISH
    assert labels_for("", []) is ENGLISH
    assert read_sheet({"title": "Developer", "full_name": "Đỗ Thị Hạnh", "address": "Quận Hải Châu, Đà Nẵng"}).labels is ENGLISH


def test_free_text_keeps_its_lines_paragraphs_and_signs() -> None:
    parts = blocks("Một\r\nHai\u2028Ba\n \n\n* bốn\n2. năm\n•sáu\n-7 độ\n\uf0b7 tám")

    assert parts == (
        Block((("", "Một"), ("", "Hai"), ("", "Ba"))),
        Block((("*", "bốn"), ("2.", "năm"), ("•", "sáu"))),
        Block((("", "-7 độ"),)),
        Block((("•", "tám"),)),
    )


def test_a_flag_is_the_letters_of_its_country() -> None:
    assert one_line("🇻🇳 Tiếng Việt, 🇬🇧 English") == "VN Tiếng Việt, GB English"
    assert "VN Tiếng Việt" in text_of(render_pdf({"title": "x", "languages": ["🇻🇳 Tiếng Việt"]}))


def test_long_lines_end_with_an_ellipsis() -> None:
    assert one_line("a" * 300) == "a" * 300
    assert one_line("a" * 301) == "a" * 299 + "…"


@settings(deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=400))
def test_cleaned_text_is_composed_visible_and_stable(typed: str) -> None:
    line = one_line(typed)

    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs") or char in "\u200b\u200d\u202e\u2066\ufeff\xad"]
    assert unicodedata.is_normalized("NFC", line)
    assert one_line(line) == line
    for block in blocks(typed):
        assert all(text == text.strip() and "\n" not in text for _, text in block.lines)


@settings(deadline=None)
@given(st.text("ab. é\u0301漢字/·-", max_size=300))
def test_room_to_break_changes_no_letter(text: str) -> None:
    spaced = breakable(text)

    assert spaced.replace("\u200b", "").replace("\u2060", "") == text
    assert "\u200b\u0301" not in spaced


def test_vietnamese_letters_are_found_in_any_typing() -> None:
    decomposed = unicodedata.normalize("NFD", "Phường Bến Nghé")

    assert "Phường Bến Nghé" in text_of(render_pdf({"title": decomposed}))
