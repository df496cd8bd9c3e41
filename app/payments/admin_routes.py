"""What admins do with money: refunds and credits, each once per `Idempotency-Key` and recorded in the audit log."""

from apiflask import APIBlueprint
from flask import Response

from app.accounts.schemas import CreditGrant, Profile
from app.core.auth import Role, current_actor, require
from app.core.contract import accepts, returns
from app.core.idempotency import idempotent, remember
from app.core.unit_of_work import unit_of_work
from app.payments import refunds, service
from app.payments.receipts import service as receipts
from app.payments.schemas import RefundRequest, TransactionOut

blp = APIBlueprint("payment_administration", __name__, tag="Administration")


@blp.post("/payments/<int:transaction_id>/refund/")
@require(Role.ADMIN)
@idempotent
@accepts(RefundRequest)
@returns(TransactionOut)
def refund(transaction_id: int, data: RefundRequest) -> Response:
    """Refund `amount`, or all that is left; never more than was paid. A full refund again changes nothing.

    It is booked at once and made at the gateway by a task; a gateway that refuses undoes it.

    The same share of the purchase's credits is taken back as far as they are unused; a full refund also takes the days of membership.
    """
    with unit_of_work():
        transaction = refunds.refund(current_actor().id, transaction_id, data.amount, data.reason)
        return remember(TransactionOut.of(transaction, receipts.find_urls([transaction.id]).get(transaction.id)))


@blp.post("/admin/users/<int:user_id>/credits/")
@require(Role.ADMIN)
@idempotent
@accepts(CreditGrant)
@returns(Profile)
def grant_credits(user_id: int, data: CreditGrant) -> Response:
    """Give a recruiter posting credits, or take some with a negative number; the balance never falls below zero."""
    with unit_of_work():
        user = service.grant_credits(user_id, data.credits, data.reason, actor_id=current_actor().id)
        return remember(Profile.model_validate(user))
