"""The mail that brings a document."""

from app.accounts.models import User
from app.core.storage import read
from app.extensions import db
from app.mail.account_letters import person
from app.mail.letters import Attachment, Letter, link, write
from app.payments.figures import figure
from app.payments.receipts.content import Content
from app.payments.receipts.models import Receipt


def receipt_ready(receipt_id: int) -> Letter | None:
    """The receipt or credit note as an attachment, to the buyer; None without a PDF."""
    receipt = db.session.get(Receipt, receipt_id)
    if receipt is None or receipt.file is None:
        return None
    content = Content.model_validate(receipt.content)
    values = {
        "number": receipt.number,
        "amount": figure(content.amount, content.currency),
        "package": content.item.name,
        "is_refund": content.correction is not None,
        "cancels": content.correction.cancels if content.correction else "",
        "address": link(f"/payments/{receipt.transaction_id}"),
    }
    buyer = db.session.get_one(User, receipt.transaction.user_id)
    attached = Attachment(receipt.file.name, receipt.file.content_type, read(receipt.file))
    return write("receipt", person(buyer), values, attachments=(attached,))
