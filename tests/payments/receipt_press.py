"""A receipt as the press prints it, without one."""

from app.core.printing.jobs import print_page
from app.payments.receipts.printing import page_of
from app.payments.receipts.service import Document


def render(document: Document) -> bytes:
    """The PDF of a document."""
    [pdf] = print_page(*page_of(document))
    return pdf
