"""`/payments/transactions/{id}/receipt/` and `/payments/credit-notes/`: the numbered PDFs, for their owner and for admins."""

from apiflask import APIBlueprint
from flask import Response

from app.core.auth import current_actor, require
from app.core.contract import queries, returns, returns_file
from app.core.pagination import ListQuery, Page, page, page_of, paginate
from app.core.storage import StoredFile, send
from app.payments.receipts import service
from app.payments.receipts.models import Receipt
from app.payments.receipts.schemas import CreditNoteOut

blp = APIBlueprint("receipts", __name__, tag="Payments")
CreditNotePage = page_of(CreditNoteOut)


@blp.get("/payments/transactions/<int:transaction_id>/receipt/")
@require()
@returns_file("application/pdf")
def get_receipt(transaction_id: int) -> Response:
    """The receipt of a paid transaction of yours, as PDF; admins get anybody's. 404 `receipt_not_ready` until it is made."""
    return _send(service.get_receipt_file(current_actor(), transaction_id))


@blp.get("/payments/transactions/<int:transaction_id>/credit-notes/")
@require()
@queries(ListQuery)
@returns(CreditNotePage)
def list_credit_notes(transaction_id: int, query: ListQuery) -> Page[CreditNoteOut]:
    """The credit notes of a transaction of yours, one for each refund, and debit notes for what came back, newest first; admins see anybody's."""
    notes = service.list_credit_notes(current_actor(), transaction_id)
    rows, total = paginate(notes, query, orderings={"issued_at": Receipt.issued_at}, tie=Receipt.id)
    return page(CreditNotePage, rows, total, query, CreditNoteOut.of)


@blp.get("/payments/credit-notes/<int:receipt_id>/")
@require()
@returns_file("application/pdf")
def get_credit_note(receipt_id: int) -> Response:
    """A credit or debit note of yours, as PDF; admins get anybody's."""
    return _send(service.get_credit_note_file(current_actor(), receipt_id))


def _send(stored: StoredFile) -> Response:
    response = send(stored)
    response.headers["Cache-Control"] = "private, no-store"
    return response
