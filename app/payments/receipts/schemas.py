"""What the receipt routes give."""

from datetime import datetime

from app.core.schemas import OutModel
from app.payments.receipts.content import Content
from app.payments.receipts.models import Receipt, Series


class CreditNoteOut(OutModel):
    """A credit note: `amount` was given back, in minor units. `url` is null while the PDF is being made.

    A debit note undoes the credit note whose number `cancels` says: the gateway took that refund back.
    """

    id: int
    series: Series
    number: str
    cancels: str | None
    amount: int
    currency: str
    issued_at: datetime
    url: str | None

    @classmethod
    def of(cls, note: Receipt) -> "CreditNoteOut":
        """The public view of a credit note."""
        content = Content.model_validate(note.content)
        return cls(
            id=note.id,
            series=Series(note.series),
            number=note.number,
            cancels=(content.correction.cancels if content.correction else "") or None,
            amount=content.amount,
            currency=content.currency,
            issued_at=note.issued_at,
            url=note.url,
        )
