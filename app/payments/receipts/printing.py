"""Writes a document as markup: one bilingual A4 page, for a press to print (`core.printing.jobs`).

What buyers and admins typed reaches the page as text: cleaned, escaped, cut to a line, and unable to name a file or an address.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Template

from app.core.clock import MARKET_ZONE
from app.core.printing.templates import template_environment
from app.core.printing.text import one_line
from app.payments.figures import figure
from app.payments.receipts.service import Document
from app.payments.receipts.words import amount_in_english, amount_in_vietnamese

_FOLDER = Path(__file__).parent / "theme"
_PROVIDERS = {"vnpay": "VNPay", "stripe": "Stripe"}


class Page(NamedTuple):
    """The arguments of the press's job `page`."""

    markup: str
    styles: str


def page_of(document: Document) -> Page:
    """The page of a receipt, a credit note or a debit note; equal input gives an equal one."""
    return Page(_template().render(_printed(document)), _styles())


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
def _styles() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")
