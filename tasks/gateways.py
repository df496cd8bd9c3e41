"""Calls to payment gateways. They run on the default queue, so that a gateway that hangs delays no settlement."""

import time

import structlog

from app.core.leases import ClaimedTask
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.payments import reconciliation, refund_calls
from app.payments.models import Provider
from app.payments.providers.base import GatewaySilent
from app.payments.providers.registry import gateway_of
from tasks.base import DurableTask, PeriodicTask, Transient, celery

log = structlog.get_logger()

# Well within the time limit, a last time-out included.
LONGEST_ROUND = 240.0


@celery.task(name="gateway.refund", base=DurableTask, time_limit=60)
def refund(task: ClaimedTask) -> None:
    """Give money back at the gateway. The same refund sent twice is one refund there."""
    call = refund_calls.begin_call(task.args["refund_id"])
    # The attempt is committed and no transaction is open during the call.
    db.session.commit()
    if call is None:
        return
    try:
        answer = gateway_of(call.provider).refund(call.order)
    except GatewaySilent as error:
        raise Transient(str(error)) from error
    refund_calls.record_answer(call.order.id, answer)


@celery.task(name="gateway.reconcile", base=PeriodicTask, time_limit=290, commits_itself=True)
def reconcile() -> None:
    """Ask for payments that nobody told us about, one after the other, until all are asked for or time is up.

    Each question is committed before it is asked and no transaction is open meanwhile. A gateway that is silent is left alone until the
    next round, so that it holds one process for one time-out.
    """
    deadline = time.monotonic() + LONGEST_ROUND
    silent: set[Provider] = set()
    while time.monotonic() < deadline:
        with unit_of_work():
            question = reconciliation.next_question(silent=silent)
        if question is None:
            return
        try:
            finding = gateway_of(question.provider).query(question.payment)
        except GatewaySilent as error:
            log.warning("gateway_silent", provider=question.provider, transaction_id=question.transaction_id, error=str(error))
            silent.add(question.provider)
            continue
        with unit_of_work():
            reconciliation.take_finding(question, finding)
