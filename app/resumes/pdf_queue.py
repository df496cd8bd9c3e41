"""Refusing a PDF before it is accepted, when the queue is longer than it can be served in `PDF_QUEUE_SECONDS`."""

from math import ceil

from flask import current_app

from app.core import backlog
from app.resumes.errors import PdfQueueFull

LONGEST_RETRY = 600


def check_room() -> None:
    """Raises PdfQueueFull, which says when the queue will have shortened enough.

    The estimate is soft: requests at the same moment see the same queue, and all of them may be let in.
    """
    wait = backlog.waiting_seconds()
    allowed: int = current_app.config["PDF_QUEUE_SECONDS"]
    if wait > allowed:
        raise PdfQueueFull(min(LONGEST_RETRY, max(1, ceil(wait - allowed))))
