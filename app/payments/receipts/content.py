"""What a document says: fixed when its number is given, whatever becomes of the user, the package or our own address later."""

from datetime import datetime

from flask import current_app
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select

from app.accounts.models import User
from app.companies import service as companies
from app.companies.models import Company
from app.extensions import db
from app.payments.entitlements import Terms
from app.payments.models import Refund, Transaction


class _Fixed(BaseModel):
    model_config = ConfigDict(frozen=True)


class Seller(_Fixed):
    """Us, as configured by SELLER_NAME, SELLER_ADDRESS and SELLER_TAX_CODE; an empty value is not printed."""

    name: str
    address: str
    tax_code: str


class Buyer(_Fixed):
    """Who paid. `company` is empty unless the buyer has exactly one, since a purchase does not say for which it was made."""

    name: str
    email: str
    company: str


class Item(_Fixed):
    """What was bought: the package's name and what it gave."""

    name: str
    credits: int
    days: int
    unlimited: bool


class Correction(_Fixed):
    """What a credit note takes back: the receipt's number and total, and the credits that went back with the money.

    `cancels` is the number of the credit note that a debit note undoes, with all that it took back; empty on a credit note itself.
    """

    receipt_number: str
    paid: int
    reason: str
    credits_taken: int
    cancels: str = ""


class Content(_Fixed):
    """A whole document.

    `amount` (minor units) is what was paid, or what was given back (or came back to us) when there is a `correction`, at `happened_at`.
    `payment_no` is the gateway's number of that payment or refund; it may be empty for a refund.
    """

    seller: Seller
    buyer: Buyer
    item: Item
    amount: int
    currency: str
    happened_at: datetime
    transaction_code: str
    provider: str
    payment_no: str
    correction: Correction | None = None


def of_payment(transaction: Transaction) -> Content:
    """The receipt of a settled transaction. Raises ValueError for one that was never paid."""
    if transaction.settled_at is None:
        raise ValueError(f"transaction {transaction.id} was not paid")
    terms = Terms.of(transaction.package)
    item = Item(name=transaction.package["name"], credits=terms.credits, days=terms.duration_days, unlimited=terms.sells_unlimited)
    return Content(
        seller=_seller(),
        buyer=_buyer(transaction.user_id),
        item=item,
        amount=transaction.amount,
        currency=transaction.currency,
        happened_at=transaction.settled_at,
        transaction_code=transaction.transaction_code,
        provider=transaction.provider,
        payment_no=transaction.gateway_transaction_no or "",
    )


def of_refund(refund: Refund, receipt: Content, receipt_number: str) -> Content:
    """The credit note of a refund: the receipt's own words on who and what, and our present address."""
    correction = Correction(receipt_number=receipt_number, paid=receipt.amount, reason=refund.reason, credits_taken=refund.credits_taken)
    changes = {
        "seller": _seller(),
        "amount": refund.amount,
        "happened_at": refund.answered_at or refund.created_at,
        "payment_no": refund.gateway_reference or "",
        "correction": correction,
    }
    return receipt.model_copy(update=changes)


def of_failed_refund(refund: Refund, note: Content, note_number: str) -> Content:
    """The debit note that undoes the credit note of a refund which the gateway took back: the note's own words, and our present address."""
    if note.correction is None:
        raise ValueError(f"{note_number} is no credit note")
    correction = note.correction.model_copy(update={"cancels": note_number, "reason": refund.refusal or ""})
    return note.model_copy(update={"seller": _seller(), "happened_at": refund.answered_at or refund.created_at, "correction": correction})


def _seller() -> Seller:
    config = current_app.config
    return Seller(name=config["SELLER_NAME"], address=config["SELLER_ADDRESS"], tax_code=config["SELLER_TAX_CODE"])


def _buyer(user_id: int) -> Buyer:
    user = db.session.get_one(User, user_id)
    own: Select[Company] = companies.listing(owner=user, words=None).limit(2)
    found = db.session.scalars(own).all()
    return Buyer(name=user.full_name, email=user.email, company=found[0].name if len(found) == 1 else "")
