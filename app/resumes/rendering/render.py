"""Lays a résumé out and writes the PDF."""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from weasyprint import CSS, HTML, Document

from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.digest import content_hash
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.fetcher import PHOTO_URL, SealedFetcher
from app.resumes.rendering.fonts import boxed, bundled_fonts, covered_characters
from app.resumes.rendering.limits import MAX_PAGES, TOO_LONG, has_too_much_text
from app.resumes.rendering.look import Look, read_look
from app.resumes.rendering.photo import photo_content_type
from app.resumes.rendering.sheet import Sheet
from app.resumes.rendering.theme import THEMES, Theme, find_theme

# WeasyPrint warns once for every character without a glyph: people's text in the log, and thousands of lines of it for a hostile one.
logging.getLogger("weasyprint").setLevel(logging.ERROR)

# PDF/UA-1 (ISO 14289-1): tagged for screen readers, with language and title. Photos are scaled to what a printer can show.
_OPTIONS: dict[str, Any] = {"pdf_variant": "pdf/ua-1", "dpi": 300, "jpeg_quality": 88, "optimize_images": True}


def render_pdf(resume: Mapping[str, Any], *, theme: str = "classic", generated_at: datetime | None = None) -> bytes:
    """The résumé as a PDF (`content.read_sheet` says which fields are read); equal input gives equal bytes.

    `generated_at` (aware) is recorded as the date of creation, and is left out of the file when it is not given. Raises `RenderError`
    when the content itself cannot be printed: over a cap, an unknown theme, an unusable photo. CPU and memory are bounded only by the
    process, see `limits.limit_process` and the task's time limit.
    """
    look, design = read_look(resume, theme), find_theme(theme)
    sheet = read_sheet(resume)
    if sheet.fault:
        raise RenderError(sheet.fault)
    if has_too_much_text(sheet):
        raise RenderError(TOO_LONG)
    document = lay_out(page_of(sheet, design, generated_at), _assets(sheet), look)
    if len(document.pages) > MAX_PAGES:
        raise RenderError(TOO_LONG)
    return write(document, identifier=bytes.fromhex(content_hash(resume, theme))[:16])


def page_of(sheet: Sheet, design: Theme, generated_at: datetime | None = None) -> str:
    """The sheet as markup that only lacks the style sheet."""
    moment = generated_at.isoformat(timespec="seconds") if generated_at else None
    page = design.template.render(sheet=sheet, labels=sheet.labels, photo_url=PHOTO_URL, generated_at=moment)
    # The head holds the document's title, which is read and not drawn, so it keeps every character.
    head, start, body = page.partition("<body>")
    return head + start + boxed(body)


def lay_out(html: str, assets: Mapping[str, tuple[str, bytes]], look: Look) -> Document:
    """Paginate a page of markup that can load nothing but `assets` (URL to content type and bytes)."""
    source = HTML(string=html, url_fetcher=SealedFetcher(assets))
    return source.render(font_config=bundled_fonts(), stylesheets=[_stylesheet(look)], **_OPTIONS)


def write(document: Document, *, identifier: bytes) -> bytes:
    """The PDF file; `identifier` (16 bytes) takes the place of a random one."""
    pdf: bytes = document.write_pdf(pdf_identifier=identifier, **_OPTIONS)
    return pdf


def warm_up() -> None:
    """Load what every render needs, in the worker's parent process, so that its children share it after the fork.

    Importing this module has loaded WeasyPrint; templates, style sheets and the fonts' lists of characters are loaded here. The fonts
    themselves are left to each child, see `fonts.bundled_fonts`.
    """
    covered_characters()
    for name in THEMES:
        _stylesheet(read_look({}, name))


@lru_cache(maxsize=64)
def _stylesheet(look: Look) -> CSS:
    return CSS(string=find_theme(look.theme).stylesheet(look), url_fetcher=SealedFetcher({}))


def _assets(sheet: Sheet) -> dict[str, tuple[str, bytes]]:
    return {PHOTO_URL: (photo_content_type(sheet.photo), sheet.photo)} if sheet.photo else {}
