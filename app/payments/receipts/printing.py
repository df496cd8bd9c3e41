"""Lays a document out: one bilingual A4 page, tagged (PDF/UA-1), with the bundled fonts and nothing from outside.

Only the pdf worker loads this module, for it loads WeasyPrint. What buyers and admins typed reaches the page as text: cleaned, escaped,
cut to a line, and unable to name a file or an address.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from weasyprint import CSS, HTML

from app.core.clock import MARKET_ZONE
from app.payments.receipts.figures import figure
from app.payments.receipts.service import Document
from app.payments.receipts.words import amount_in_english, amount_in_vietnamese
from app.resumes.rendering.fetcher import SealedFetcher
from app.resumes.rendering.fonts import boxed, bundled_fonts
from app.resumes.rendering.text import one_line

_FOLDER = Path(__file__).parent / "theme"
_OPTIONS: dict[str, Any] = {"pdf_variant": "pdf/ua-1"}
_PROVIDERS = {"vnpay": "VNPay", "stripe": "Stripe"}


def render(document: Document) -> bytes:
    """The PDF of a receipt or credit note; equal input gives equal bytes."""
    page = _template().render(_printed(document))
    # The head holds the document's title, which is read and not drawn, so it keeps every character.
    head, start, body = page.partition("<body>")
    source = HTML(string=head + start + boxed(body), url_fetcher=SealedFetcher({}))
    laid_out = source.render(font_config=bundled_fonts(), stylesheets=[_stylesheet()], **_OPTIONS)
    pdf: bytes = laid_out.write_pdf(pdf_identifier=sha256(page.encode()).digest()[:16], **_OPTIONS)
    return pdf


def _printed(document: Document) -> dict[str, Any]:
    content = document.content
    return {
        "number": document.number,
        "issued_on": f"{document.issued_at.astimezone(MARKET_ZONE):%d/%m/%Y}",
        "created": document.issued_at.isoformat(timespec="seconds"),
        "happened_at": _moment(content.happened_at),
        "seller": content.seller,
        "buyer": content.buyer,
        "item": content.item,
        "correction": content.correction,
        "transaction_code": content.transaction_code,
        "payment_no": content.payment_no,
        "provider": _PROVIDERS.get(content.provider, content.provider),
        "total": figure(content.amount, content.currency),
        "paid": figure(content.correction.paid, content.currency) if content.correction else "",
        "words_vi": amount_in_vietnamese(content.amount, content.currency),
        "words_en": amount_in_english(content.amount, content.currency),
    }


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(MARKET_ZONE):%d/%m/%Y %H:%M} (GMT+7)"


@lru_cache
def _template() -> Template:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    environment.filters["line"] = one_line
    return environment.get_template("receipt.html")


@lru_cache
def _stylesheet() -> CSS:
    return CSS(string=(_FOLDER / "style.css").read_text(encoding="utf-8"), url_fetcher=SealedFetcher({}))
