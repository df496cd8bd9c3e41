"""What the receipt routes give."""

from datetime import datetime

from app.core.schemas import OutModel
from app.payments.receipts.models import Receipt


class CreditNoteOut(OutModel):
    """A credit note: `amount` was given back, in minor units. `url` is null while the PDF is being made."""

    id: int
    number: str
    amount: int
    currency: str
    issued_at: datetime
    url: str | None

    @classmethod
    def of(cls, note: Receipt) -> "CreditNoteOut":
        """The public view of a credit note."""
        amount, currency = note.content["amount"], note.content["currency"]
        return cls(id=note.id, number=note.number, amount=amount, currency=currency, issued_at=note.issued_at, url=note.url)


class CreditNotes(OutModel):
    """All of a transaction's credit notes, oldest first."""

    results: list[CreditNoteOut]
