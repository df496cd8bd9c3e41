"""Lays a document out: one bilingual A4 page, tagged (PDF/UA-1), with the bundled fonts and nothing from outside.

Only the pdf worker loads this module, for it loads WeasyPrint. What buyers and admins typed reaches the page as text: cleaned, escaped,
cut to a line, and unable to name a file or an address.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Template
from weasyprint import CSS

from app.core.clock import MARKET_ZONE
from app.core.printing import pages
from app.core.printing.templates import template_environment
from app.core.printing.text import one_line
from app.payments.figures import figure
from app.payments.receipts.service import Document
from app.payments.receipts.words import amount_in_english, amount_in_vietnamese

_FOLDER = Path(__file__).parent / "theme"
_PROVIDERS = {"vnpay": "VNPay", "stripe": "Stripe"}


def render(document: Document) -> bytes:
    """The PDF of a receipt or credit note; equal input gives equal bytes."""
    page = _template().render(_printed(document))
    laid_out = pages.lay_out(pages.boxed_page(page), _styles())
    return pages.write(laid_out, identifier=sha256(page.encode()).digest()[:16])


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
    environment = template_environment(_FOLDER)
    environment.filters["line"] = one_line
    return environment.get_template("receipt.html")


@lru_cache
def _styles() -> CSS:
    return pages.stylesheet((_FOLDER / "style.css").read_text(encoding="utf-8"))
