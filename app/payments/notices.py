"""Taking what a gateway has proven to say of a payment: the same checks whichever gateway it is."""

from dataclasses import dataclass

from app.payments import inbox, service
from app.payments.inbox import Message
from app.payments.models import Transaction, Verdict
from app.payments.providers.base import Notice


@dataclass(frozen=True)
class Taken:
    """The order that a notice is about, and why it was refused, if it was."""

    transaction: Transaction | None
    refused: Verdict | None = None


def take(notice: Notice, message: Message) -> Taken:
    """Check the order, the merchant, the currency and the amount, in this order; leave the notice to settlement or say why not.

    One that says neither paid nor failed changes nothing, because reconciliation will ask. Any other about a known order with the right
    amount is stored, also when the order is final: settlement then tells a repetition from a second payment.
    """
    found = service.find_by_code(notice.order_code)
    transaction = found if found is not None and found.provider == message.provider else None
    flaw = _flaw(notice, transaction)
    if flaw is not None:
        inbox.refuse(message, *flaw, transaction_id=transaction.id if transaction else None)
        return Taken(transaction, flaw[0])
    if transaction is not None and notice.outcome is not None:
        inbox.accept(message, notice.event_id, transaction_id=transaction.id, outcome=notice.outcome, transaction_no=notice.payment_no)
    return Taken(transaction)


def _flaw(notice: Notice, transaction: Transaction | None) -> tuple[Verdict, str] | None:
    if transaction is None:
        return Verdict.UNKNOWN_ORDER, "There is no order of this number."
    if not notice.is_ours:
        return Verdict.WRONG_MERCHANT, "The call is for another merchant, or for the gateway's other mode (test or live)."
    if notice.currency != transaction.currency:
        return Verdict.WRONG_CURRENCY, f"The order is in {transaction.currency}."
    if notice.amount != transaction.amount:
        return Verdict.WRONG_AMOUNT, f"The order is {transaction.amount} {transaction.currency}."
    if notice.outcome is None:
        return Verdict.UNDECIDED, "The gateway says neither that it is paid nor that it failed."
    return None
