"""Pictures of résumés' pages, on the pdf queue: its children are bounded, and PDFium is native code."""

from app.core.leases import ClaimedTask
from app.core.problems import NotFound
from app.core.storage import StoredFile, read
from app.extensions import db
from app.resumes import previews
from tasks.base import DurableTask, Permanent, celery


@celery.task(name=previews.TASK, base=DurableTask, time_limit=60)
def draw(task: ClaimedTask) -> str:
    """Draw all pages of a PDF. Running twice keeps one picture of each."""
    pdf_file_id = task.args["pdf_file_id"]
    pdf = previews.find_undrawn(pdf_file_id)
    data = _bytes_of(pdf) if pdf is not None else None
    # Neither a lock nor a transaction lasts while the pages are drawn.
    db.session.commit()
    if data is not None:
        previews.keep_pictures(pdf_file_id, _drawn(data))
    return previews.path_of(task.args["resume_id"])


def _bytes_of(pdf: StoredFile) -> bytes:
    try:
        return read(pdf)
    except NotFound as error:
        raise Permanent("The PDF is not in the storage. Generate it again.") from error


def _drawn(data: bytes) -> list[bytes]:
    # Loaded by the first preview of a child, and never by the request layer.
    from app.resumes.rendering.pictures import draw_pages  # noqa: PLC0415

    return list(draw_pages(data))
