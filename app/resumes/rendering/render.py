"""Prints a résumé as a PDF."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from PIL import Image
from weasyprint import CSS, Document

from app.core.printing.fetcher import SealedFetcher
from app.core.printing.fonts import covered_characters
from app.core.printing.pages import boxed_page, lay_out, stylesheet, write
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.limits import MAX_PAGES, TOO_LONG, has_too_much_text
from app.resumes.rendering.look import Look, read_look
from app.resumes.rendering.photo import PHOTO_URL, photo_content_type
from app.resumes.rendering.sheet import Sheet
from app.resumes.rendering.theme import THEMES, Theme, find_theme

# The themes that stay on one page as long as they can be read, and the steps: at the last, text of 8.8 pt is printed as 7.1 pt.
SHRINKING = frozenset({"compact"})
ROOM = (1.08, 1.16, 1.24)


def render_pdf(resume: Mapping[str, Any], *, theme: str = "classic", generated_at: datetime | None = None) -> bytes:
    """The résumé as a PDF (`content.read_sheet` says which fields are read); equal input gives equal bytes.

    `generated_at` (aware) is recorded as the date of creation, and is left out of the file when it is not given. Raises `RenderError`
    when the content itself cannot be printed: over a cap, an unknown theme, an unusable photo. CPU and memory are bounded only by the
    press that it runs in.
    """
    look, design = read_look(resume, theme), find_theme(theme)
    sheet = read_sheet(resume)
    if sheet.fault:
        raise RenderError(sheet.fault)
    if has_too_much_text(sheet):
        raise RenderError(TOO_LONG)
    document, room = _laid_out(page_of(sheet, design, generated_at), look, _assets(sheet))
    if len(document.pages) > MAX_PAGES:
        raise RenderError(TOO_LONG)
    return write(document, scale=1 / room)


def _laid_out(markup: str, look: Look, assets: Mapping[str, tuple[str, bytes]]) -> tuple[Document, float]:
    """The document, and by what it has to be divided to fit its paper.

    A compact résumé that runs over to a second page is laid out again on larger paper, to be printed smaller, in as few steps as make
    it one page. One that would need smaller type still stays as large as it was.
    """
    document = lay_out(markup, styles_of(look), assets)
    if look.theme not in SHRINKING or len(document.pages) != 2:
        return document, 1.0
    for room in ROOM:
        smaller = lay_out(markup, styles_of(look, room), assets)
        if len(smaller.pages) == 1:
            return smaller, room
    return document, 1.0


def page_of(sheet: Sheet, design: Theme, generated_at: datetime | None = None) -> str:
    """The sheet as markup that only lacks the style sheet."""
    moment = generated_at.isoformat(timespec="seconds") if generated_at else None
    return boxed_page(design.template.render(sheet=sheet, labels=sheet.labels, photo_url=PHOTO_URL, generated_at=moment))


@lru_cache(maxsize=64)
def styles_of(look: Look, room: float = 1.0) -> CSS:
    """The style sheet of a look, for paper so many times as large, read once."""
    return stylesheet(find_theme(look.theme).stylesheet(look, room=room))


def warm_up() -> None:
    """Load what every render needs, in the foreman, so that its presses share it after the fork.

    Importing this module has loaded WeasyPrint; templates, style sheets, the fonts' lists of characters, and what reading a photo takes are
    loaded here. The fonts themselves are left to each press, see `printing.fonts.bundled_fonts`.
    """
    covered_characters()
    Image.preinit()
    SealedFetcher({PHOTO_URL: ("image/png", b"")}).fetch(PHOTO_URL)
    for name in THEMES:
        page_of(read_sheet({}), find_theme(name))
        styles_of(read_look({}, name))


def _assets(sheet: Sheet) -> dict[str, tuple[str, bytes]]:
    return {PHOTO_URL: (photo_content_type(sheet.photo), sheet.photo)} if sheet.photo else {}
