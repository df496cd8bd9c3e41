"""The pdf queue: printing résumés and receipts. The printing itself happens in presses, which are bounded and sealed (`tasks.press`)."""

from app.core.leases import ClaimedTask
from app.core.problems import NotFound
from app.core.storage import read
from app.extensions import db
from app.payments.receipts import service as receipts
from app.payments.receipts.issuing import PRINT as PRINT_RECEIPT
from app.payments.receipts.printing import page_of
from app.payments.receipts.service import Document
from app.resumes import pdf
from app.resumes.downloads import path_of
from app.resumes.pdf import Draft
from tasks import press
from tasks.base import DurableTask, Permanent, Transient, celery
from tasks.storage import awaited_storage


@celery.task(name=pdf.TASK, base=DurableTask, time_limit=60)
def render(task: ClaimedTask) -> str:
    """Print a résumé as it is now and store the file. Running twice stores one PDF."""
    draft = pdf.begin_render(task)
    # No transaction stays open during the layout; the lease and the noted content key stand for it.
    db.session.commit()
    if draft is not None:
        printed = print_draft(draft)
        with awaited_storage():
            pdf.keep_pdf(task, draft, printed)
    return path_of(task.args["resume_id"])


def print_draft(draft: Draft) -> bytes:
    """The PDF, of a press. Raises Permanent, Transient, PutOff."""
    try:
        with awaited_storage():
            photo = read(draft.photo) if draft.photo else None
    except NotFound as error:
        # The photo was replaced just now; the next attempt reads the new one.
        raise Transient("The résumé's photo is not in the storage.") from error
    [printed] = press.do("resume", {**draft.content, "photo": photo}, draft.theme, what="The résumé")
    return printed


@celery.task(name=PRINT_RECEIPT, base=DurableTask, time_limit=60)
def print_receipt(task: ClaimedTask) -> str:
    """Print a numbered receipt or credit note and store the file. Running twice stores one PDF and sends one mail."""
    document = receipts.to_print(task.args["receipt_id"])
    # No transaction stays open during the layout.
    db.session.rollback()
    if document is None:
        return receipts.path_of(task.args["receipt_id"])
    printed = _print_receipt(document)
    with awaited_storage():
        return receipts.keep_pdf(task.args["receipt_id"], printed)


def _print_receipt(document: Document) -> bytes:
    try:
        [printed] = press.do("page", *page_of(document), what="The receipt")
    except Permanent as error:
        # A page of short lines is not at fault: a fresh press will do it.
        raise Transient(str(error)) from error
    return printed
