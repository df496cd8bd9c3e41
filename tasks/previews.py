"""Pictures of résumés' pages, on the pdf queue: PDFium is native code, and belongs into a press."""

from app.core.leases import ClaimedTask
from app.core.problems import NotFound
from app.core.storage import StoredFile, read
from app.extensions import db
from app.resumes import previews
from tasks import press
from tasks.base import DurableTask, Permanent, celery
from tasks.storage import awaited_storage


@celery.task(name=previews.TASK, base=DurableTask, time_limit=60)
def draw(task: ClaimedTask) -> str:
    """Draw all pages of a PDF. Running twice keeps one picture of each."""
    pdf_file_id = task.args["pdf_file_id"]
    pdf = previews.find_undrawn(pdf_file_id)
    data = _bytes_of(pdf) if pdf is not None else None
    # Neither a lock nor a transaction lasts while the pages are drawn.
    db.session.commit()
    if data is not None:
        pictures = press.do("pictures", data, what="The picture of the PDF")
        with awaited_storage():
            previews.keep_pictures(pdf_file_id, pictures)
    return previews.path_of(task.args["resume_id"])


def _bytes_of(pdf: StoredFile) -> bytes:
    try:
        with awaited_storage():
            return read(pdf)
    except NotFound as error:
        raise Permanent("The PDF is not in the storage. Generate it again.") from error
