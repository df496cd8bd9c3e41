"""What can go wrong with a receipt."""

from app.core.problems import NotFound


class ReceiptNotReady(NotFound):
    code, detail = "receipt_not_ready", "There is no receipt yet: it is made shortly after the payment has arrived."


class CreditNoteNotFound(NotFound):
    code, detail = "credit_note_not_found", "You have no such credit note, or it is still being made."


class YearTurned(Exception):
    """A document that stood in line for the number of one year got its turn in the next: give the number back and try again."""

    def __init__(self, year: int) -> None:
        super().__init__(f"The year {year} is over in the market's time zone.")
