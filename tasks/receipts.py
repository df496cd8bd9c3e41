"""Giving receipts, credit notes and debit notes their numbers, on the default queue: it waits in a line where no settlement should stand."""

from app.core.leases import ClaimedTask
from app.payments.receipts import issuing
from app.payments.receipts.errors import YearTurned
from tasks.base import DurableTask, Transient, celery


@celery.task(name=issuing.ISSUE_RECEIPT, base=DurableTask, time_limit=10)
def issue_receipt(task: ClaimedTask) -> str:
    """Number the receipt of a paid transaction. Running twice issues one."""
    try:
        return issuing.issue_receipt(task.args["transaction_id"]).path
    except YearTurned as error:
        raise Transient(str(error)) from error


@celery.task(name=issuing.ISSUE_CREDIT_NOTE, base=DurableTask, time_limit=10)
def issue_credit_note(task: ClaimedTask) -> str | None:
    """Number the credit note of a refund. Running twice issues one."""
    try:
        note = issuing.issue_credit_note(task.args["refund_id"])
    except YearTurned as error:
        raise Transient(str(error)) from error
    return note.path if note else None


@celery.task(name=issuing.ISSUE_DEBIT_NOTE, base=DurableTask, time_limit=10)
def issue_debit_note(task: ClaimedTask) -> str | None:
    """Number the debit note of a refund that came back. Running twice issues one."""
    try:
        note = issuing.issue_debit_note(task.args["refund_id"])
    except YearTurned as error:
        raise Transient(str(error)) from error
    return note.path if note else None
