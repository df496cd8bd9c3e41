"""Reading the documents, and keeping their files: what routes, letters and the printing task call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, true
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.accounts.models import User
from app.core.auth import Role
from app.core.outbox import enqueue
from app.core.storage import StoredFile, save
from app.extensions import db
from app.payments.errors import TransactionNotFound
from app.payments.models import Transaction
from app.payments.receipts.content import Content
from app.payments.receipts.errors import CreditNoteNotFound, ReceiptNotReady
from app.payments.receipts.models import FOLDER, Receipt, receipt_path

MAIL = "mail.receipt"


@dataclass(frozen=True)
class Document:
    """What one PDF shows, detached from the database."""

    number: str
    issued_at: datetime
    content: Content


def find_urls(transaction_ids: Collection[int]) -> dict[int, str]:
    """Where the receipts of these transactions are served, by transaction; those without a PDF are left out. One query."""
    printed = select(Receipt.transaction_id).where(
        Receipt.transaction_id.in_(transaction_ids), Receipt.refund_id.is_(None), Receipt.file_id.is_not(None)
    )
    return {transaction_id: receipt_path(transaction_id) for transaction_id in db.session.scalars(printed)}


def get_receipt_file(actor: User, transaction_id: int) -> StoredFile:
    """The PDF for a transaction of the actor's own, or anybody's for an admin. Raises TransactionNotFound, ReceiptNotReady."""
    _check_visible(actor, transaction_id)
    own = (Receipt.transaction_id == transaction_id) & Receipt.refund_id.is_(None)
    receipt = db.session.scalar(select(Receipt).where(own).options(joinedload(Receipt.file)))
    if receipt is None or receipt.file is None:
        raise ReceiptNotReady
    return receipt.file


def list_credit_notes(actor: User, transaction_id: int) -> Select[Receipt]:
    """The credit notes of such a transaction. Raises TransactionNotFound."""
    _check_visible(actor, transaction_id)
    return select(Receipt).where(Receipt.transaction_id == transaction_id, Receipt.refund_id.is_not(None))


def get_credit_note_file(actor: User, receipt_id: int) -> StoredFile:
    """The PDF of a credit note that the actor may see. Raises CreditNoteNotFound, also while it is being made."""
    visible = select(Receipt).join(Receipt.transaction).where(Receipt.id == receipt_id, Receipt.refund_id.is_not(None), _visible_to(actor))
    receipt = db.session.scalar(visible.options(joinedload(Receipt.file)))
    if receipt is None or receipt.file is None:
        raise CreditNoteNotFound
    return receipt.file


def to_print(receipt_id: int) -> Document | None:
    """What is to be printed, or None when the PDF is there."""
    receipt = db.session.get_one(Receipt, receipt_id)
    if receipt.file_id is not None:
        return None
    return Document(receipt.number, receipt.issued_at, Content.model_validate(receipt.content))


def path_of(receipt_id: int) -> str:
    """Where the PDF of a document is served."""
    return db.session.get_one(Receipt, receipt_id).path


def keep_pdf(receipt_id: int, data: bytes) -> str:
    """Store a finished PDF, leave its mail to be sent, and return where it is served. A PDF that is there already stays."""
    receipt = db.session.scalars(select(Receipt).where(Receipt.id == receipt_id).with_for_update()).one()
    if receipt.file_id is None:
        name, owner_id = f"{receipt.number}.pdf", receipt.transaction.user_id
        receipt.file = save(data, folder=FOLDER, name=name, content_type="application/pdf", owner_id=owner_id)
        enqueue(MAIL, {"receipt_id": receipt.id})
    return receipt.path


def _check_visible(actor: User, transaction_id: int) -> None:
    if db.session.scalar(select(Transaction.id).where(Transaction.id == transaction_id, _visible_to(actor))) is None:
        raise TransactionNotFound


def _visible_to(actor: User) -> ColumnElement[bool]:
    return true() if actor.user_type == Role.ADMIN else Transaction.user_id == actor.id
