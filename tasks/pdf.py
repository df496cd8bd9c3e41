"""The pdf queue: rendering résumés and receipts, in worker processes of their own that are bounded, warmed up and recycled.

WeasyPrint advises limits of the operating system against endless layouts and runaway memory. Time: the task's hard limit kills the
child, and the lease brings the work to another one. Memory: an address-space limit per child, so that a bad document ends in its own
task's failure. Leaks and fragmentation: a child is replaced after `TASKS_PER_CHILD` renders.
"""

from typing import Any

from celery.signals import celeryd_init, worker_init, worker_process_init

from app.core.leases import ClaimedTask
from app.core.printing.limits import limit_process
from app.core.problems import NotFound
from app.core.storage import read
from app.extensions import db
from app.payments.receipts import service as receipts
from app.payments.receipts.issuing import PRINT as PRINT_RECEIPT
from app.payments.receipts.service import Document
from app.resumes import pdf
from app.resumes.downloads import path_of
from app.resumes.pdf import Draft
from app.resumes.rendering.errors import RenderError
from tasks.base import DurableTask, Permanent, Transient, celery, settings

QUEUE = "pdf"
TASKS_PER_CHILD = 200


@celery.task(name=pdf.TASK, base=DurableTask, time_limit=60)
def render(task: ClaimedTask) -> str:
    """Print a résumé as it is now and store the file. Running twice stores one PDF."""
    draft = pdf.begin_render(task)
    # No transaction stays open during the layout; the lease and the noted content key stand for it.
    db.session.commit()
    if draft is not None:
        pdf.keep_pdf(task, draft, _print(draft))
    return path_of(task.args["resume_id"])


def _print(draft: Draft) -> bytes:
    # WeasyPrint and what it loads belong into pdf workers alone, which have imported this module before they fork.
    from app.resumes.rendering.render import render_pdf  # noqa: PLC0415

    try:
        photo = read(draft.photo) if draft.photo else None
        return render_pdf({**draft.content, "photo": photo}, theme=draft.theme)
    except NotFound as error:
        # The photo was replaced just now; the next attempt reads the new one.
        raise Transient("The résumé's photo is not in the storage.") from error
    except RenderError as error:
        raise Permanent(error.reason) from error
    except (MemoryError, SystemError) as error:
        # At its limit CPython may also lose the exception itself, which it reports as a SystemError.
        raise Permanent("The résumé takes too much memory to print. Shorten the longest texts and try again.") from error


@celery.task(name=PRINT_RECEIPT, base=DurableTask, time_limit=30)
def print_receipt(task: ClaimedTask) -> str:
    """Print a numbered receipt or credit note and store the file. Running twice stores one PDF and sends one mail."""
    document = receipts.to_print(task.args["receipt_id"])
    # No transaction stays open during the layout.
    db.session.rollback()
    if document is None:
        return receipts.path_of(task.args["receipt_id"])
    return receipts.keep_pdf(task.args["receipt_id"], _print_receipt(document))


def _print_receipt(document: Document) -> bytes:
    from app.payments.receipts.printing import render as render_receipt  # noqa: PLC0415  # The reason above.

    try:
        return render_receipt(document)
    except (MemoryError, SystemError) as error:
        # A page of short lines is not what fills the memory: a fresh child will do it.
        raise Transient("The worker had no memory left for the receipt.") from error


@celeryd_init.connect
def configure_pdf_worker(conf: Any, options: dict[str, Any], **_: object) -> None:
    """Recycle the children of a worker that is started for the pdf queue, and cap how many there are unless `-c` says so."""
    queues = options.get("queues") or ()
    chosen = queues.split(",") if isinstance(queues, str) else list(queues)
    if chosen == [QUEUE]:
        conf.worker_max_tasks_per_child = TASKS_PER_CHILD
        conf.worker_concurrency = settings.pdf_concurrency


@worker_init.connect
def warm_up_pdf_worker(**_: object) -> None:
    """Load WeasyPrint and the themes once, so that the children share them after the fork."""
    if _consumes_pdf():
        from app.resumes.rendering.render import warm_up  # noqa: PLC0415

        warm_up()


@worker_process_init.connect
def limit_pdf_child(**_: object) -> None:
    """Bound the memory of a child that renders; no other worker's."""
    if _consumes_pdf():
        limit_process(settings.pdf_memory_bytes)


def _consumes_pdf() -> bool:
    return QUEUE in celery.amqp.queues.consume_from
