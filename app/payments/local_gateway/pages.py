"""What the buyer sees: the frame of the payment pages of both gateways, and the page on which a payment ends."""

from apiflask import APIBlueprint
from flask import Response, make_response, render_template, request

from app.core.auth import public
from app.extensions import limiter
from app.payments import service
from app.payments.figures import digits
from app.payments.providers.registry import RESULT_PAGE

blp = APIBlueprint("local_gateway", __name__, enable_openapi=False, template_folder="templates")
limiter.exempt(blp)


@blp.get(RESULT_PAGE)
@public
def show_result() -> Response:
    """A result page for a board whose front end is not running: it follows the transaction until it is settled."""
    transaction = service.find_by_code(request.args.get("transaction_code", ""))
    if transaction is None:
        return show_page("result", amount=0, currency="VND", status="INVALID", order=None)
    order, status = transaction.transaction_code, str(transaction.status)
    return show_page("result", amount=transaction.amount, currency=transaction.currency, status=status, order=order)


def show_page(template: str, *, amount: int, currency: str, **values: object) -> Response:
    """The page `template` (`pay`, `result`); `amount` is in the currency's minor unit, `values` are the template's own."""
    page = render_template(f"local_gateway/{template}.html", amount=digits(amount, currency), currency=currency, **values)
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; form-action *; frame-ancestors 'none'"
    return answer
