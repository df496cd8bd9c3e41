"""`/payments/`: what is on sale, buying it, and one's own transactions."""

from apiflask import APIBlueprint
from flask import Response, request

from app.core.auth import Role, current_actor, public, require
from app.core.contract import accepts, queries, returns
from app.core.idempotency import idempotent, reach, reached, remember
from app.core.pagination import ListQuery, Page, page, page_of
from app.core.rates import rate_limit
from app.core.unit_of_work import unit_of_work
from app.payments import checkout, service
from app.payments.errors import PackageNotPayable
from app.payments.providers.base import Checkout
from app.payments.receipts import service as receipts
from app.payments.schemas import PackageOut, PaymentCreate, PaymentCreated, TransactionOut, TransactionQuery

blp = APIBlueprint("payments", __name__, tag="Payments")

PackagePage = page_of(PackageOut)
TransactionPage = page_of(TransactionOut)


@blp.get("/payments/packages/")
@public
@queries(ListQuery)
@returns(PackagePage)
def list_packages(query: ListQuery) -> Page[PackageOut]:
    """What is on sale. `ordering` takes price, name and created_at."""
    rows, total = service.list_packages(query)
    return page(PackagePage, rows, total, query, PackageOut.model_validate)


@blp.post("/payments/create_payment/")
@require(Role.RECRUITER)
@idempotent
@rate_limit("PAYMENT_CREATE_RATE")
@accepts(PaymentCreate, mislabelled=True)
@returns(PaymentCreated)
def create_payment(data: PaymentCreate) -> Response:
    """Start buying a package: send the buyer to `payment_url`.

    Send an `Idempotency-Key` with each intent: a repetition gets the first answer, byte for byte, and makes no second transaction.
    """
    ordered = reached("ordered")
    if ordered is None:
        with unit_of_work():
            transaction = service.create_payment(current_actor(), data.package_id, request.remote_addr or "127.0.0.1")
            if transaction.payment_url:
                return remember(PaymentCreated.of(transaction))
            ordered = reach("ordered", transaction_id=transaction.id)
    page = _ask_gateway(ordered["transaction_id"])
    with unit_of_work():
        return remember(PaymentCreated.of(checkout.keep_checkout(ordered["transaction_id"], page)))


def _ask_gateway(transaction_id: int) -> Checkout:
    """The gateway's page for a committed order. No transaction is open meanwhile: the gateway may take its time."""
    with unit_of_work():
        transaction = service.get_transaction(current_actor().id, transaction_id)
        provider, order = transaction.provider, checkout.order_of(transaction, request.remote_addr or "127.0.0.1")
    try:
        return checkout.ask_for_checkout(transaction_id, provider, order)
    except PackageNotPayable:
        with unit_of_work():
            checkout.drop_order(transaction_id)
        raise


@blp.get("/payments/transactions/")
@require()
@queries(TransactionQuery)
@returns(TransactionPage)
def list_transactions(query: TransactionQuery) -> Page[TransactionOut]:
    """Your transactions. `ordering` takes created_at and amount; `status` filters."""
    rows, total = service.list_transactions(current_actor().id, query, query.status)
    urls = receipts.find_urls([row.id for row in rows])
    return page(TransactionPage, rows, total, query, lambda row: TransactionOut.of(row, urls.get(row.id)))


@blp.get("/payments/transactions/<int:transaction_id>/")
@require()
@returns(TransactionOut)
def get_transaction(transaction_id: int) -> TransactionOut:
    """One of your transactions."""
    transaction = service.get_transaction(current_actor().id, transaction_id)
    return TransactionOut.of(transaction, receipts.find_urls([transaction.id]).get(transaction.id))
