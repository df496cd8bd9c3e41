"""The six designs: each prints everything, in an order that can be read, in the chosen colour, on the chosen paper."""

import io
import re
from functools import lru_cache
from typing import Any

import pytest
from flask.testing import FlaskClient
from fontTools.ttLib import TTFont
from PIL import Image
from pypdf import PageObject

from app.core.printing.fonts import FOLDER as FONTS
from app.core.printing.fonts import covered_characters
from app.core.printing.pages import lay_out, stylesheet, write
from app.resumes import showcase
from app.resumes.rendering import render
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.digest import content_hash
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.look import DESIGNS, Look, contrast_with_white, read_look, readable
from app.resumes.rendering.pictures import draw_pages
from app.resumes.rendering.render import page_of, render_pdf, styles_of
from app.resumes.rendering.theme import FALLBACK, THEMES, find_theme
from app.resumes.schemas import Theme
from tests.resumes.printed import COMPLETE, FURTHER, addresses_of, fonts_of, images_of, reader, text_of

URL = "/api/v1/resumes/themes/"
EVERYTHING = {**COMPLETE, **FURTHER}

# All of Vietnamese: 12 vowels and đ, each vowel with five tones, in both cases.
VIETNAMESE = "".join(["aàáảãạ", "ăằắẳẵặ", "âầấẩẫậ", "eèéẻẽẹ", "êềếểễệ", "iìíỉĩị", "oòóỏõọ", "ôồốổỗộ", "ơờớởỡợ", "uùúủũụ", "ưừứửữự", "yỳýỷỹỵ", "dđ"])
LETTERS = VIETNAMESE + VIETNAMESE.upper()

every_theme = pytest.mark.parametrize("theme", DESIGNS)


def words_of(resume: dict[str, Any]) -> set[str]:
    """Every word that the person typed into a field that is printed as it is."""
    found: set[str] = set()

    def collect(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                collect(inner, name)
        elif isinstance(value, list):
            for inner in value:
                collect(inner, key)
        elif isinstance(value, str) and key not in {"start_date", "end_date", "issue_date", "expiration_date", "release_date", "date", "url"}:
            found.update(value.split())

    collect(resume, "")
    return found


@pytest.fixture(scope="module")
def printed() -> dict[str, bytes]:
    """The full résumé in every theme."""
    return {theme: render_pdf(EVERYTHING, theme=theme) for theme in DESIGNS}


@every_theme
def test_every_word_can_be_copied_out_whole(printed: dict[str, bytes], theme: str) -> None:
    # A long address may end a line in a narrow column.
    text = text_of(printed[theme])
    copied = set(text.split()) | {re.sub(r"\s+", "", text)}

    lost = {word for word in words_of(EVERYTHING) - {"-"} if word not in copied and not any(word in line for line in copied)}

    assert lost == set()


@every_theme
def test_text_is_written_in_the_order_in_which_it_is_read(printed: dict[str, bytes], theme: str) -> None:
    text = text_of(printed[theme])

    places = [text.index(words) for words in ("Nguyễn Thị Phương Thảo", "Kỹ sư phần mềm", "thao@", "Sáu năm", "Kỹ sư cao cấp", "Công ty Sao Mai")]
    head = [text.index(words) for words in ("Kỹ sư cao cấp", "Công ty Sao Mai", "04/2021 – Hiện tại", "Đối soát giao dịch:", "giảm sai lệch")]

    assert places == sorted(places)
    assert head == sorted(head)


def structure(item: Any) -> list[str]:
    """The kinds of the structure elements that people navigate by, in reading order."""
    item = item.get_object()
    children = item.get("/K", []) if hasattr(item, "get") else []
    children = children if isinstance(children, list) else [children]
    kind = str(item.get("/S", "")) if hasattr(item, "get") else ""
    own = [kind] if kind in {"/H1", "/H2", "/H3", "/Figure", "/L", "/Link", "/Table"} else []
    return own + [name for child in children if not isinstance(child, (int, float)) for name in structure(child)]


@every_theme
def test_headings_lists_links_and_the_photo_are_tagged(printed: dict[str, bytes], theme: str) -> None:
    document = reader(printed[theme])
    kinds = structure(document.root_object["/StructTreeRoot"])

    assert kinds.count("/H1") == 1
    assert kinds.index("/H1") < kinds.index("/H2") < kinds.index("/H3")
    assert kinds.count("/Figure") == 1
    assert "/L" in kinds
    assert "/Table" not in kinds
    assert kinds.count("/Link") >= len(addresses_of(printed[theme]))
    assert document.root_object["/Lang"] == "vi"
    assert document.root_object["/ViewerPreferences"]["/DisplayDocTitle"]
    assert document.metadata.title == "Nguyễn Thị Phương Thảo – Kỹ sư phần mềm"


@every_theme
def test_the_photo_is_described_and_links_lead_on(printed: dict[str, bytes], theme: str) -> None:
    assert set(images_of(printed[theme])) == {(60, 80)}
    assert "Ảnh chân dung: Nguyễn Thị Phương Thảo".encode("utf-16-be") in b"".join(_alternatives(printed[theme]))
    assert addresses_of(printed[theme]) == {
        "mailto:thao@example.com",
        "https://github.com/thao",
        "https://example.org/bus",
        "https://doi.example.org/10.1/x",
    }


def _alternatives(pdf: bytes) -> list[bytes]:
    document = reader(pdf)
    return [
        str(found["/Alt"]).encode("utf-16-be")
        for number in range(1, document.trailer["/Size"])
        if isinstance(found := document.get_object(number), dict) and "/Alt" in found
    ]


@every_theme
def test_two_pages_without_a_photo_are_small(theme: str) -> None:
    sample = {**showcase.sample_resume(), "photo": None}
    pdf = render_pdf({**sample, "experience": sample["experience"] * 2}, theme=theme)

    assert len(reader(pdf).pages) <= 3
    assert len(pdf) < 60_000


def career(jobs: int) -> dict[str, Any]:
    sample = showcase.sample_resume()
    return {**sample, "experience": [sample["experience"][number % 3] for number in range(jobs)]}


@pytest.mark.parametrize("paper", [{"paper_size": "A4"}, {"paper_size": "LETTER"}])
@pytest.mark.parametrize("jobs", [7, 9])
def test_a_compact_resume_shrinks_until_it_is_one_page(jobs: int, paper: dict[str, str]) -> None:
    shrunk = reader(render_pdf({**career(jobs), **paper}, theme="compact")).pages
    plain = reader(render_pdf({"title": "x", **paper}, theme="compact")).pages

    assert len(shrunk) == 1
    assert [round(float(side)) for side in shrunk[0].mediabox] == [round(float(side)) for side in plain[0].mediabox]
    assert shrunk[0].extract_text().count("Lập trình viên") == jobs // 3


def test_a_compact_resume_that_would_become_too_small_keeps_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    long = render_pdf(career(14), theme="compact")
    monkeypatch.setattr(render, "ROOM", ())

    assert len(reader(long).pages) == 2
    assert render_pdf(career(14), theme="compact") == long


def families_of(theme: str) -> set[str]:
    """The fonts that a theme's style sheet names besides those shared by all."""
    return set(re.findall(r'"([A-Z][^"]+)"', find_theme(theme).styles.replace("$fallback", "")))


@lru_cache
def bundled() -> dict[str, tuple[set[str], frozenset[str]]]:
    """Each face's full name with the names of its family and its characters."""
    found = {}
    for path in sorted(FONTS.glob("*.ttf")):
        with TTFont(path) as font:
            names = {font["name"].getDebugName(number) for number in (1, 16)}
            found[font["name"].getDebugName(4)] = (names, frozenset(map(chr, font.getBestCmap())))
    return found


def faces(family: str) -> dict[str, frozenset[str]]:
    """The characters of each face of a family."""
    return {face: characters for face, (families, characters) in bundled().items() if family in families}


@every_theme
def test_the_fonts_of_a_theme_have_all_of_vietnamese(theme: str) -> None:
    missing = {face: set(LETTERS) - found for family in families_of(theme) for face, found in faces(family).items()}

    assert len(missing) >= 2
    assert set().union(*missing.values()) == set()


@every_theme
def test_no_letter_of_vietnamese_comes_from_a_strange_font(theme: str) -> None:
    resume = {"title": "x", "full_name": LETTERS[:60], "summary": LETTERS, "experience": [{"position": LETTERS, "company": LETTERS}]}

    fonts = {name.replace("-", " ") for name in fonts_of(render_pdf(resume, theme=theme))}

    allowed = families_of(theme) | {"Be Vietnam Pro"}
    assert {font for font in fonts if not any(font.startswith(family) for family in allowed)} == set()


def test_the_shared_fonts_have_whatever_is_printed() -> None:
    families = re.findall(r'"([^"]+)"', FALLBACK)

    found = set().union(*(characters for family in families for characters in faces(family).values()))

    assert covered_characters() - found == {"\n"}


@every_theme
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_theme_prints_no_box_of_its_own(theme: str, lang: str) -> None:
    page = page_of(read_sheet({**EVERYTHING, "lang": lang}), find_theme(theme))

    assert "□" not in page
    assert set(page) <= covered_characters()


def drawn(theme: str, **look: str) -> list[PageObject]:
    return list(reader(render_pdf({"title": "x", **look}, theme=theme)).pages)


@every_theme
def test_paper_is_a4_or_letter(theme: str) -> None:
    sizes = {paper: drawn(theme, paper_size=paper)[0].mediabox for paper in ("A4", "LETTER", "A3")}

    assert {paper: (round(box.width), round(box.height)) for paper, box in sizes.items()} == {
        "A4": (595, 842),
        "LETTER": (612, 792),
        "A3": (595, 842),
    }


@every_theme
def test_the_accent_colours_the_page(theme: str) -> None:
    plain = drawn(theme)[0].get_contents().get_data()
    green = drawn(theme, accent_color="#005500")[0].get_contents().get_data()

    assert b"0.333333" not in plain
    assert re.search(rb"\b0 0\.33333\d* 0\b", green)


@pytest.mark.parametrize("color", ["#ffffff", "#ffff00", "#00ff7f", "#ff69b4", "#777777"])
def test_a_pale_accent_is_darkened_until_it_can_be_read(color: str) -> None:
    darker = readable(color)

    assert contrast_with_white(darker) >= 5 > contrast_with_white(color)
    assert all(int(darker[i : i + 2], 16) <= int(color[i : i + 2], 16) for i in (1, 3, 5))


def test_a_dark_accent_stays_as_it_is() -> None:
    assert readable("#1f4e5f") == "#1f4e5f"
    assert contrast_with_white("#000000") == 21
    assert contrast_with_white("#ffffff") == 1


@pytest.mark.parametrize("color", ["red", "#12345", "#1234567", "#123456;} body{display:none}", "#12345g", "#123456\n", 7, None, ["#123456"]])
def test_what_is_no_colour_is_the_themes_own(color: Any) -> None:
    assert read_look({"accent_color": color}, "classic") == Look("classic", "#7a2331", "A4")


def test_colour_and_paper_change_the_hash_and_a_colour_that_prints_alike_does_not() -> None:
    plain = content_hash(COMPLETE, "classic")

    assert content_hash({**COMPLETE, "accent_color": "#005500"}, "classic") != plain
    assert content_hash({**COMPLETE, "paper_size": "LETTER"}, "classic") != plain
    assert content_hash({**COMPLETE, "accent_color": "#7A2331"}, "classic") == plain
    assert len({content_hash(COMPLETE, theme) for theme in DESIGNS}) == 6


def test_an_unknown_design_has_no_look() -> None:
    with pytest.raises(RenderError, match="no résumé theme called “neon”"):
        read_look({}, "neon")


@every_theme
def test_a_style_sheet_lays_out_by_blocks_floats_and_tables(theme: str) -> None:
    styles = find_theme(theme).stylesheet(read_look({}, theme))

    assert re.search(r"(?i)\b(grid|flex|var\(|url\(|@import)", re.sub(r"(?s)/\*.*?\*/", "", styles)) is None
    assert "$" not in re.sub(r"(?s)/\*.*?\*/", "", styles)


@every_theme
def test_nothing_is_drawn_beyond_the_paper(theme: str) -> None:
    look = read_look({}, theme)
    resume = {
        name: [dict.fromkeys(row, "từ dài " * 20) for row in value]
        for name, value in EVERYTHING.items()
        if isinstance(value, list) and name != "skills"
    }

    document = lay_out(page_of(read_sheet({"title": "t " * 60, "full_name": "n " * 60, **resume}), find_theme(theme)), styles_of(look))

    for page in document.pages:
        boxes = [box for box in page._page_box.descendants(placeholders=True) if hasattr(box, "text")]
        assert min(box.position_x for box in boxes) >= 0
        assert max(box.position_x + box.width for box in boxes) <= page.width
        assert max(box.position_y + box.height for box in boxes) <= page.height


@every_theme
def test_no_mark_above_a_capital_is_cut_off(theme: str) -> None:
    page, styles = page_of(read_sheet({"title": "ẴỄỖỰ " * 12}), find_theme(theme)), find_theme(theme).stylesheet(read_look({}, theme))

    as_it_is, uncut = (
        next(draw_pages(write(lay_out(page, stylesheet(f"{styles}{further}"))))) for further in ("", "* { overflow: visible !important }")
    )

    assert as_it_is == uncut


def lines_of(page: PageObject) -> list[str]:
    return [line.strip() for line in page.extract_text().splitlines() if line.strip()]


@every_theme
def test_no_line_begins_with_a_dot(theme: str) -> None:
    rows = [{"position": "p", "company": ("Công ty " * 20)[:length] + "x", "location": "Huế"} for length in range(25, 85)]

    pages = reader(render_pdf({"title": "x", "experience": rows}, theme=theme)).pages

    assert [line for page in pages for line in lines_of(page) if line.startswith("·")] == []


@every_theme
def test_no_word_is_parted_at_its_hyphen(theme: str) -> None:
    summary = "\n".join(f"{('Công ty ' * 30)[:length]} (Rịa-Vũng) nơ-ron e-mail" for length in range(55, 140, 2))

    text = text_of(render_pdf({"title": "x", "summary": summary}, theme=theme))

    assert [text.count(word) for word in ("(Rịa-Vũng)", "nơ-ron", "e-mail")] == [43, 43, 43]


@every_theme
def test_technologies_stay_with_the_end_of_their_entry(theme: str) -> None:
    rows = [{"position": "p", "description": "- x\n" * (1 + number % 5), "technologies": ["Erlang"]} for number in range(60)]

    pages = reader(render_pdf({"title": "x", "lang": "en", "experience": rows}, theme=theme)).pages

    assert len(pages) > 3
    assert [lines_of(page)[0] for page in pages if "Erlang" in lines_of(page)[0]] == []


@every_theme
def test_words_without_a_name_begin_where_the_name_would_be(theme: str) -> None:
    page = page_of(read_sheet({"title": "x", "references": [{"reference": "Rất đáng tin."}]}), find_theme(theme))

    assert "Rất đáng tin." in page
    assert 'class="head"' not in page


@pytest.mark.parametrize(("start", "end"), [("2012-09", "2017-06"), ("2012-09", None), ("Khoảng cuối mùa thu 2012", "Khoảng đầu mùa hè năm 2017")])
@pytest.mark.parametrize("lang", ["vi", "en"])
@every_theme
def test_a_date_covers_no_other_words(theme: str, lang: str, start: str, end: str | None) -> None:
    row = {"institution": "Trường " * 6, "degree": "Bằng " * 60, "start_date": start, "end_date": end, "is_current": not end}
    sheet = read_sheet({"title": "x", "lang": lang, "education": [row]})

    [page] = lay_out(page_of(sheet, find_theme(theme)), styles_of(read_look({}, theme))).pages

    lines = [box for box in page._page_box.descendants(placeholders=True) if hasattr(box, "text")]
    dates = [box for box in lines if box.text.strip() and box.text.strip() in sheet.education[0].period]
    words = [box for box in lines if box.text.startswith(("Trường", "Bằng"))]
    assert dates
    assert words
    assert [(date.text, box.text) for date in dates for box in words if _cover(date, box)] == []


def _cover(one: Any, two: Any) -> bool:
    """Whether two boxes lie over each other by more than the room that lines share."""
    across = min(one.position_x + one.width, two.position_x + two.width) - max(one.position_x, two.position_x)
    down = min(one.position_y + one.height, two.position_y + two.height) - max(one.position_y, two.position_y)
    return bool(across > 0 and down > 3)


def test_the_list_names_every_design_with_a_picture(client: FlaskClient) -> None:
    themes = client.get(URL).json["results"]

    assert [theme["id"] for theme in themes] == ["classic", "modern", "compact", "academic", "technical", "vietnamese"]
    assert {theme.value for theme in Theme} == THEMES
    assert themes[1] == {
        "id": "modern",
        "name": "Modern",
        "description": "Two columns, with contacts and skills on a coloured strip: products, marketing, design.",
        "accent_color": "#1f4e5f",
        "preview": "/api/v1/resumes/themes/modern/preview.png",
    }


@every_theme
def test_the_picture_is_a_small_png_that_may_be_kept(client: FlaskClient, theme: str) -> None:
    answer = client.get(f"{URL}{theme}/preview.png")
    again = client.get(f"{URL}{theme}/preview.png", headers={"If-None-Match": answer.headers["ETag"]})

    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert len(answer.data) < 50_000
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.size == (480, 679)
    assert "max-age=3600" in answer.headers["Cache-Control"]
    assert again.status_code == 304


@pytest.mark.parametrize("theme", ["neon", "fonts", "..", "%2e%2e"])
def test_there_is_no_picture_of_what_is_no_design(client: FlaskClient, theme: str) -> None:
    assert client.get(f"{URL}{theme}/preview.png").status_code == 404


def test_the_pictures_show_what_the_renderer_prints_now() -> None:
    assert showcase.stale_pictures() == [], "run: flask --app wsgi resumes previews"
