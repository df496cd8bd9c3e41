"""A receipt as the press prints it, without one."""

from datetime import UTC, datetime
from typing import Any

from app.core.printing.jobs import print_page
from app.payments.receipts.content import Buyer, Content, Correction, Item, Seller
from app.payments.receipts.printing import page_of
from app.payments.receipts.service import Document

ISSUED = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
CORRECTION = Correction(receipt_number="RC2027-000042", paid=1_505_000, reason="Mua nhầm gói", credits_taken=3)


def document(number: str = "RC2027-000042", **changes: Any) -> Document:
    """The receipt for 1,505,000 VND of a New Year's night in Việt Nam."""
    content = Content(
        seller=Seller(name="Jobboard Việt Nam", address="12 Nguyễn Huệ, Quận 1", tax_code="0312345678"),
        buyer=Buyer(name="Trần Quốc Bảo", email="bao@example.com", company="Công ty TNHH Sao Mai"),
        item=Item(name="Gói 10 tin", credits=10, days=30, unlimited=False),
        amount=1_505_000,
        currency="VND",
        happened_at=ISSUED,
        transaction_code="JB261231AB12CD34EF56AB78",
        provider="vnpay",
        payment_no="14422574",
    )
    return Document(number, ISSUED, content.model_copy(update=changes))


def render(document: Document) -> bytes:
    """The PDF of a document."""
    [pdf] = print_page(*page_of(document))
    return pdf
