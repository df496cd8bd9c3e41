"""Nothing that a person writes can make the renderer load, run or leak something, or keep it busy."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weasyprint import HTML

from app.core.printing.fetcher import SealedFetcher
from app.core.printing.fonts import covered_characters
from app.core.printing.pages import lay_out, write
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.limits import MAX_PAGES, has_too_much_text
from app.resumes.rendering.look import DESIGNS, Look, read_look
from app.resumes.rendering.photo import PHOTO_URL
from app.resumes.rendering.render import page_of, render_pdf, styles_of
from app.resumes.rendering.theme import find_theme
from tests.canary import Canary, listening
from tests.resumes.printed import COMPLETE, FURTHER, addresses_of, images_of, portrait, reader, text_of

ROOT = Path(__file__).resolve().parents[2]
CLASSIC = read_look({}, "classic")

MARKUP = [
    "<script>alert(1)</script>",
    "{{ 7*7 }} {% include 'x' %} {# c #}",
    "&amp; &lt;b&gt; &#65;",
    "<b>đậm</b><!-- x -->",
    "</style><style>body{display:none}</style>",
    "]]></title></head>",
    "${7*7} #{7*7} %s {0}",
]


@pytest.mark.parametrize("typed", MARKUP)
def test_markup_is_printed_as_it_was_typed(typed: str) -> None:
    resume = dict.fromkeys(("title", "full_name", "phone", "summary"), typed) | {
        "experience": [{"position": typed, "description": typed}],
        "skill_items": [{"name": typed, "level": 4}],
        "languages": [typed],
        "links": [{"label": typed, "url": typed}],
    }

    text = text_of(render_pdf(resume))

    # A line may end anywhere in it, even at a space, which is then not there to be copied.
    assert re.sub(r"\s", "", text).count(re.sub(r"\s", "", typed)) == 10


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening() as server:
        yield server


def luring(url: str) -> str:
    """Markup, both HTML and XML, that asks for a resource in every way that WeasyPrint knows."""
    return (
        f'<html lang="vi"><head><title>x</title><link rel="stylesheet" href="{url}/style"/><link rel="attachment" href="{url}/attachment"/>'
        f"<style>@import url({url}/import); @font-face {{ font-family: x; src: url({url}/font) }} p {{ background: url({url}/background) }}"
        f"li {{ list-style-image: url({url}/bullet) }} p::before {{ content: url({url}/content) }}</style></head><body><p>x</p><ul><li>x</li></ul>"
        f'<img alt="a" src="{url}/image"/><img alt="b" src="file:///etc/passwd"/><a rel="attachment" href="{url}/linked">x</a>'
        f'<object data="{url}/object"></object><embed src="{url}/embed"/>'
        f'<svg xmlns="http://www.w3.org/2000/svg"><title>x</title><image href="{url}/svg" width="9" height="9"/><use href="{url}/use#a"/></svg>'
        '<a rel="attachment" href="file:///etc/passwd">x</a><link rel="attachment" href="file:///etc/passwd"/>'
        '<link rel="attachment" href="data:text/plain,x"/><img alt="c" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="/></body></html>'
    )


def test_markup_that_got_in_could_still_load_nothing(canary: Canary) -> None:
    pdf = write(lay_out(luring(canary.url), styles_of(CLASSIC)))

    assert canary.visits == []
    assert images_of(pdf) == []
    assert reader(pdf).attachments == {}
    assert b"EmbeddedFile" not in pdf


def test_the_lures_do_work_on_an_open_renderer(canary: Canary) -> None:
    HTML(string=luring(canary.url)).write_pdf(pdf_tags=True)

    assert {"/style", "/attachment", "/import", "/font", "/background", "/image", "/linked", "/svg"} <= set(canary.visits)


def test_addresses_in_any_field_are_not_visited(canary: Canary) -> None:
    lure = luring(canary.url)
    url = f"{canary.url}/link"
    resume = dict.fromkeys(("title", "full_name", "email", "phone", "address", "summary"), lure) | {
        "experience": [{"position": lure, "company": url, "description": f"{lure}\n{url}"}],
        "projects": [{"name": lure, "url": url, "description": lure}],
        "links": [{"label": lure, "url": url}, {"label": "f", "url": "file:///etc/passwd"}, {"label": "j", "url": "javascript:alert(1)"}],
        "photo": None,
    }

    pdf = render_pdf(resume)

    assert canary.visits == []
    assert addresses_of(pdf) == {url}
    assert images_of(pdf) == []
    assert reader(pdf).attachments == {}
    assert "root:x:0" not in text_of(pdf)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://127.0.0.1/", "data:,x", "ftp://x/", "resume:other", "RESUME:photo", "resume:photo?", ""]
)
def test_the_fetcher_knows_its_own_names_only(url: str) -> None:
    fetcher = SealedFetcher({PHOTO_URL: ("image/png", b"picture")})

    for ask in (fetcher, fetcher.fetch, fetcher.open):
        with pytest.raises(PermissionError):
            ask(url)
    assert fetcher(PHOTO_URL).read() == b"picture"


ALLOWED_TAGS = {"html", "head", "meta", "title", "body", "header", "h1", "h2", "h3", "p", "br", "section", "div", "span", "ul", "li"} | {
    "strong", "a", "main", "aside", "ol",
}  # fmt: skip


class Tags(HTMLParser):
    """Collects the tags and the links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value if name == "href" else None) for name, value in attrs}


awkward = st.text(st.sampled_from("<>&\"'/=!-{}%#()a: \n\x00\u202e") | st.characters(), max_size=40)


@settings(deadline=None)
@given(awkward, awkward, st.sampled_from(sorted(DESIGNS)))
def test_no_text_becomes_a_tag(one: str, other: str, theme: str) -> None:
    row = dict.fromkeys(("name", "label", "url", "position", "company", "institution", "degree", "gpa", "level", "role", "credential_id"), one)
    row |= dict.fromkeys(("reference", "publisher", "authors", "awarder", "organization", "username", "keywords", "technologies"), one)
    content = COMPLETE | FURTHER
    resume = dict.fromkeys(content, other) | {key: [row, other] for key, value in content.items() if isinstance(value, list)}

    page = Tags(_page({**resume, "photo": None}, read_look(resume, theme)))

    assert page.tags <= ALLOWED_TAGS
    assert {name for name, _ in page.attributes} <= {"lang", "charset", "name", "content", "class", "href"}
    assert all((value or "").lower().startswith(("http://", "https://", "mailto:")) for name, value in page.attributes if name == "href")


def test_control_bidirectional_and_invisible_characters_leave_the_text() -> None:
    name = "Nguyễn\x00 \ud800Văn\u202e A\u200b\ufeff\x1b[31m\u2066"

    text = text_of(render_pdf({"title": "x", "full_name": name, "summary": "dòng\x07 một\u0085dòng hai"}))

    assert "Nguyễn Văn A[31m" in text
    assert "dòng một\ndòng hai" in text
    assert not set("\x00\x07\x1b\u200b\u202e\u2066\ufeff\ufffd") & set(text)


@pytest.mark.parametrize(("letter", "theme"), [*((letter, "classic") for letter in "iộ(😀ش"), *(("W", theme) for theme in DESIGNS)])
def test_a_word_of_5000_letters_stays_on_the_paper(letter: str, theme: str) -> None:
    look = read_look({}, theme)
    word = letter * 5_000
    resume = {"title": word, "full_name": word, "summary": word, "experience": [{"position": word, "start_date": word, "description": f"- {word}"}]}

    document = lay_out(_page(resume, look), styles_of(look))

    right_edges = [box.position_x + box.width for page in document.pages for box in page._page_box.descendants() if hasattr(box, "text")]
    assert max(right_edges) <= document.pages[0].width
    printed = letter if letter in covered_characters() else "□"
    assert text_of(write(document)).count(printed) > 10_000


def _page(resume: dict[str, Any], look: Look = CLASSIC) -> str:
    return page_of(read_sheet(resume), find_theme(look.theme))


def test_100000_rows_are_refused_with_a_reason() -> None:
    with pytest.raises(RenderError) as refusal:
        render_pdf({"title": "x", "experience": [{"position": "p"}] * 100_000})

    assert refusal.value.reason == "There are 100,000 entries under “experience”; a résumé can print 60."


def test_text_is_refused_unseen_only_when_it_cannot_fit() -> None:
    sentence = "Xây dựng hệ thống thanh toán phục vụ hàng triệu người dùng. "
    entries = [{"position": "p", "description": sentence * 160}] * 20
    resume = {"title": "x", "experience": entries}
    densest = read_look({}, "compact")
    assert has_too_much_text(read_sheet(resume))
    assert has_too_much_text(read_sheet({"title": "x", "experience": [{"position": "p", "description": "a\n" * 1_401}]}))
    assert not has_too_much_text(read_sheet({"title": "x", "experience": entries[:17]}))

    pages = len(lay_out(_page(resume, densest), styles_of(densest)).pages)

    assert pages > MAX_PAGES
    with pytest.raises(RenderError, match="longer than 20 pages"):
        render_pdf(resume)


@pytest.mark.parametrize("photo", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\x89PNG\r\n\x1a\n", portrait()[:300], b"x" * 6_000_000])
def test_a_photo_that_is_no_sound_png_or_jpeg_is_refused(photo: bytes) -> None:
    with pytest.raises(RenderError, match="photo"):
        render_pdf({**COMPLETE, "photo": photo})


def test_a_photo_of_too_many_pixels_is_refused() -> None:
    with pytest.raises(RenderError, match="too many pixels"):
        render_pdf({**COMPLETE, "photo": portrait(size=(6_000, 5_000))})


_OVER_THE_LIMIT = """
import resource
from app.core.printing.fonts import covered_characters
from app.core.printing.limits import limit_process
limit_process(600 << 20)
limit_process(900 << 20)
print(resource.getrlimit(resource.RLIMIT_AS) == (600 << 20, 600 << 20))
try:
    bytearray(700 << 20)
except MemoryError:
    print("refused")
"""


def test_a_limited_process_gets_no_more_memory() -> None:
    child = subprocess.run([sys.executable, "-c", _OVER_THE_LIMIT], cwd=ROOT, capture_output=True, timeout=60, check=True)

    assert child.stdout.decode().split() == ["True", "refused"]
