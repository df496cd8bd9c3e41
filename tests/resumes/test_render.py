"""What a printed résumé looks like to a reader, a search engine and a screen reader."""

import hashlib
import os
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.resumes.rendering import render
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.render import render_pdf
from tests.resumes.printed import COMPLETE, addresses_of, fonts_of, images_of, portrait, reader, resolved, text_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def complete() -> bytes:
    """The complete résumé, printed."""
    return render_pdf(COMPLETE)


@pytest.mark.parametrize(
    "words",
    [
        "Nguyễn Thị Phương Thảo",
        "Kỹ sư phần mềm",
        "thao@example.com · +84 912 345 678",
        "Quận 1, TP. Hồ Chí Minh",
        "GitHub: github.com/thao",
        "Giới thiệu\nSáu năm xây dựng hệ thống thanh toán.\nThích những thứ đơn giản.",
        "Kinh nghiệm làm việc",
        "04/2021 – Hiện tại",
        "Kỹ sư cao cấp",
        "Công ty Sao Mai",
        "Đối soát giao dịch:",
        "rút ngắn thời gian",
        "Công nghệ: Flask, Celery",
        "Bản đồ xe buýt",
        "Tác giả · example.org/bus",
        "Học vấn",
        "09/2013 – 06/2018",
        "Kỹ sư · Khoa học máy tính · GPA: 3.52",
        "●●●●●",
        "●●●●○",
        "Kiểm thử tự động",
        "Chứng chỉ",
        "Amazon · Có giá trị đến 11/2025 · Mã chứng chỉ: SAA-7F3",
        "Tiếng Nhật – N4",
    ],
)
def test_printed_words_can_be_copied_out_whole(complete: bytes, words: str) -> None:
    assert words in text_of(complete)


def test_every_font_is_embedded_and_from_the_bundle(complete: bytes) -> None:
    everything = render_pdf({**COMPLETE, "summary": "汉语 日本語 한국어 🚀 ✓ Привет Ελλάδα שלום ภาษาไทย"})

    assert fonts_of(complete).keys() == {"Literata", "Literata-Italic", "Literata-Semi-Bold", "Noto-Sans-Symbols-2"}
    assert fonts_of(everything).keys() - fonts_of(complete).keys() == {"Noto-Sans", "Noto-Sans-SC", "Noto-Sans-KR", "Noto-Emoji"}
    assert all(fonts_of(everything).values())


def test_other_scripts_print_as_far_as_the_bundle_goes_and_as_boxes_beyond() -> None:
    pdf = render_pdf({"title": "汉语 日本語 한국어 🚀 ✓ Привет ไทย 國 שלום"})

    assert text_of(pdf).split() == ["汉语", "日本語", "한국어", "🚀", "✓", "Привет", "□□□", "□", "□□□□"]
    assert reader(pdf).metadata.title == "汉语 日本語 한국어 🚀 ✓ Привет ไทย 國 שלום"


def test_no_character_at_all_spoils_the_copying_of_the_others() -> None:
    characters = (chr(code) for code in (*range(0x20, 0xFFFF, 11), *range(0x1F000, 0x20000, 31), 0x20BB7, 0xE0041, 0x10FFFD))
    lines = [f"Nguyễn {character} Thảo" for character in characters if unicodedata.category(character) != "Cs"]
    several = [" ".join(lines[start : start + 400]) for start in range(0, len(lines), 400)]

    pdf = render_pdf({"title": "x", "projects": [{"name": "p", "description": text} for text in several]})

    encodings = {font["/Encoding"] for page in reader(pdf).pages for font in map(resolved, page["/Resources"]["/Font"].values())}
    assert encodings == {"/Identity-H"}
    assert text_of(pdf).count("Nguyễn") == len(lines)


def test_a_screen_reader_finds_language_title_and_structure(complete: bytes) -> None:
    document = reader(complete)

    catalog = document.root_object
    assert catalog["/Lang"] == "vi"
    assert str(catalog["/MarkInfo"]["/Marked"]) == "True"
    assert "/StructTreeRoot" in catalog
    assert document.metadata is not None
    assert document.metadata.title == "Nguyễn Thị Phương Thảo – Kỹ sư phần mềm"
    assert document.metadata.author == "Nguyễn Thị Phương Thảo"
    assert b'pdfuaid:part="1"' in catalog["/Metadata"].get_object().get_data()


def test_pages_are_a4_and_one_is_enough_for_a_short_resume(complete: bytes) -> None:
    pages = reader(complete).pages

    assert [(round(page.mediabox.width), round(page.mediabox.height)) for page in pages] == [(595, 842)]


def test_the_photo_is_printed_once(complete: bytes) -> None:
    assert images_of(complete) == [(60, 80)]
    assert images_of(render_pdf({**COMPLETE, "photo": portrait(kind="PNG")})) == [(60, 80)]
    assert images_of(render_pdf({**COMPLETE, "photo": None})) == []


def test_links_lead_to_pages_and_mail_only(complete: bytes) -> None:
    assert addresses_of(complete) == {"mailto:thao@example.com", "https://github.com/thao", "https://example.org/bus"}


def test_a_title_alone_prints() -> None:
    pdf = render_pdf({"title": "CV của tôi"})

    assert text_of(pdf).strip() == "CV của tôi"
    assert len(reader(pdf).pages) == 1


def test_an_english_resume_has_english_headings_and_dates() -> None:
    resume = {
        "title": "Accountant",
        "full_name": "Trần Đức Minh",
        "experience": [{"position": "Auditor", "company": "Công ty Kiểm toán Đông Á", "start_date": "2019-02", "end_date": "2020-01-31"}],
    }

    pdf = render_pdf(resume)

    assert "Work experience" in text_of(pdf)
    assert "Feb 2019 – Jan 2020" in text_of(pdf)
    assert reader(pdf).root_object["/Lang"] == "en"


def test_later_pages_say_whose_they_are() -> None:
    entries = [{"position": f"Vị trí {number}", "description": "Công việc\n" * 8} for number in range(10)]

    pages = reader(render_pdf({**COMPLETE, "experience": entries})).pages

    assert len(pages) == 3
    assert "2/3" not in pages[0].extract_text()
    assert "Nguyễn Thị Phương Thảo · 2/3" in pages[1].extract_text()
    assert "Nguyễn Thị Phương Thảo · 3/3" in pages[2].extract_text()


def test_the_date_of_creation_is_the_one_given() -> None:
    moment = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)

    dated, undated = render_pdf(COMPLETE, generated_at=moment), render_pdf(COMPLETE)

    assert reader(dated).metadata.creation_date == moment
    assert reader(undated).metadata.creation_date is None


_IN_A_FORKED_CHILD = """
import hashlib, os, sys
from app.resumes.rendering.render import render_pdf, warm_up
from tests.resumes.printed import COMPLETE
warm_up()
render_pdf({"title": "before the fork"})
child = os.fork()
if child == 0:
    print(hashlib.sha256(render_pdf(COMPLETE)).hexdigest(), flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_worker_prints_the_same_bytes(complete: bytes) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}

    child = subprocess.run([sys.executable, "-c", _IN_A_FORKED_CHILD], env=environment, cwd="/", capture_output=True, timeout=120, check=True)

    assert child.stdout.decode().strip() == hashlib.sha256(complete).hexdigest()


_LOADED_LATE = """
import sys
from app.resumes import showcase
from app.resumes.rendering import jobs, theme
jobs.warm_up()
jobs.start()
content = showcase.sample_resume()
before, compiled = set(sys.modules), len(theme._environment.cache)
for design in theme.THEMES:
    [pdf] = jobs.print_resume(content, design)
jobs.draw_pictures(pdf)
print(sorted(set(sys.modules) - before), len(theme._environment.cache) - compiled)
"""


def test_presses_share_all_modules_and_templates_of_their_foreman() -> None:
    child = subprocess.run([sys.executable, "-c", _LOADED_LATE], cwd=ROOT, capture_output=True, timeout=120, check=True)

    assert child.stdout.decode().strip() == "[] 0"


def test_the_request_layer_takes_the_hash_without_loading_the_layout_engine() -> None:
    script = "import sys, app.resumes.rendering.digest; print('weasyprint' in sys.modules)"

    child = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=120, check=True)

    assert child.stdout.decode().strip() == "False"


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(RenderError, match=r"There is no résumé theme called “\.\./classic”\."):
        render_pdf(COMPLETE, theme="../classic")


def test_more_pages_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resume = {"title": "Dài", "summary": "Một dòng.\n" * 100}
    monkeypatch.setattr(render, "MAX_PAGES", 2)
    assert len(reader(render_pdf(resume)).pages) == 2

    monkeypatch.setattr(render, "MAX_PAGES", 1)
    with pytest.raises(RenderError, match="The résumé is longer than 20 pages"):
        render_pdf(resume)
