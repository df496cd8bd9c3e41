"""Lays markup out on pages and writes the PDF, tagged for screen readers, with nothing but the bundled fonts and what it is given."""

import logging
from collections.abc import Mapping
from typing import Any

from weasyprint import CSS, Document

from app.core.printing.fetcher import SealedFetcher
from app.core.printing.fonts import boxed, bundled_fonts
from app.core.printing.markup import Markup

# WeasyPrint warns once for every character without a glyph: people's text in the log, and thousands of lines of it for a hostile one.
logging.getLogger("weasyprint").setLevel(logging.ERROR)

# PDF/UA-1 (ISO 14289-1): tagged for screen readers, with language and title. Pictures are scaled to what a printer can show.
_OPTIONS: dict[str, Any] = {"pdf_variant": "pdf/ua-1", "dpi": 300, "jpeg_quality": 88, "optimize_images": True}


def boxed_page(markup: str) -> str:
    """A whole page of markup with □ in its body for what no bundled font has.

    The head holds the document's title, which is read and not drawn, so it keeps every character.
    """
    head, start, body = markup.partition("<body>")
    return head + start + boxed(body)


def stylesheet(text: str) -> CSS:
    """A style sheet, which can load nothing."""
    return CSS(string=text, url_fetcher=SealedFetcher({}))


def lay_out(markup: str, styles: CSS, assets: Mapping[str, tuple[str, bytes]] | None = None) -> Document:
    """Paginate a page of well-formed markup that can load nothing but `assets` (URL to content type and bytes)."""
    source = Markup(markup, SealedFetcher(assets or {}))
    return source.render(font_config=bundled_fonts(), stylesheets=[styles], **_OPTIONS)


def write(document: Document, *, scale: float = 1.0) -> bytes:
    """The PDF file, everything in it and its paper `scale` times as large as laid out; equal documents are equal bytes.

    It has no file identifier, which PDF (ISO 32000-1, 14.4) and PDF/UA do without: to make one, every object would be written and
    compressed a second time.
    """
    pdf: bytes = document.write_pdf(zoom=scale, **_OPTIONS)
    return pdf
