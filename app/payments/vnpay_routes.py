"""What VNPay and the buyer's browser call: the IPN, which is believed, and the return, which only shows."""

from urllib.parse import urlencode

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, redirect, request

from app.core.auth import public
from app.core.contract import JSON, answers_also, returns
from app.core.unit_of_work import unit_of_work
from app.extensions import limiter
from app.payments import service
from app.payments.errors import BadSignature
from app.payments.providers import vnpay_messages
from app.payments.providers.registry import RESULT_PAGE, vnpay_merchant
from app.payments.schemas import IpnOut, ReturnOut
from app.payments.vnpay_ipn import MESSAGES, IpnCode, receive

log = structlog.get_logger()

blp = APIBlueprint("payment_gateway", __name__, tag="Payments")


@blp.get("/payments/vnpay_ipn/")
@limiter.exempt
@public
@returns(IpnOut)
def take_ipn() -> IpnOut:
    """VNPay's server tells of a payment. Always 200: what became of the call is in `RspCode`."""
    try:
        with unit_of_work():
            code = receive(list(request.args.items(multi=True)), request.remote_addr)
    except Exception:
        # The gateway understands nothing but its codes: 99 makes it call again, and the inbox copes with a commit whose reply was lost.
        log.exception("ipn_failed")
        code = IpnCode.ERROR
    return IpnOut(RspCode=code, Message=MESSAGES[code])


@blp.get("/payments/vnpay_return/")
@public
@returns(ReturnOut)
@answers_also(302, "To the front end's result page, unless JSON is asked for.")
def show_return() -> Response | ReturnOut:
    """The buyer comes back. Settles nothing: browsers go on to the front end's result page, `Accept: application/json` gets the state."""
    fields = vnpay_messages.only_vnp(request.args)
    wants_json = request.accept_mimetypes.best_match(["text/html", JSON]) == JSON
    try:
        state = _state(fields)
    except BadSignature:
        if wants_json:
            raise
        return _to_result_page({"status": "INVALID"})
    return state if wants_json else _to_result_page({name: str(value) for name, value in state.model_dump(mode="json").items()})


def _state(fields: vnpay_messages.Fields) -> ReturnOut:
    """Where the order of authentic fields stands. Raises BadSignature, also for an order that is not ours."""
    transaction = service.find_by_code(fields.get("vnp_TxnRef", "")) if vnpay_messages.is_authentic(fields, vnpay_merchant().secret) else None
    if transaction is None:
        raise BadSignature
    shown = {name: getattr(transaction, name) for name in ("transaction_code", "status", "amount", "currency")}
    return ReturnOut(**shown, response_code=vnpay_messages.read_notice(fields).response_code)


def _to_result_page(parameters: dict[str, str]) -> Response:
    address = f"{current_app.config['FRONTEND_URL'].rstrip('/')}{RESULT_PAGE}?{urlencode(parameters)}"
    answer: Response = redirect(address)  # type: ignore[assignment]
    return answer
