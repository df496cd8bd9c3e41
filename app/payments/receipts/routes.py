"""`/payments/transactions/{id}/receipt/` and `/payments/credit-notes/`: the numbered PDFs, for their owner and for admins."""

from apiflask import APIBlueprint
from flask import Response

from app.core.auth import current_actor, require
from app.core.contract import returns, returns_file
from app.core.storage import StoredFile, send
from app.payments.receipts import service
from app.payments.receipts.schemas import CreditNoteOut, CreditNotes

blp = APIBlueprint("receipts", __name__, tag="Payments")


@blp.get("/payments/transactions/<int:transaction_id>/receipt/")
@require()
@returns_file("application/pdf")
def get_receipt(transaction_id: int) -> Response:
    """The receipt of a paid transaction of yours, as PDF; admins get anybody's. 404 `receipt_not_ready` until it is made."""
    return _send(service.get_receipt_file(current_actor(), transaction_id))


@blp.get("/payments/transactions/<int:transaction_id>/credit-notes/")
@require()
@returns(CreditNotes)
def list_credit_notes(transaction_id: int) -> CreditNotes:
    """The credit notes of a transaction of yours, one for each refund, and debit notes for what came back; admins see anybody's."""
    notes = service.list_credit_notes(current_actor(), transaction_id)
    return CreditNotes(results=[CreditNoteOut.of(note) for note in notes])


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
