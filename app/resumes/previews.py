"""Pictures of a PDF's pages, drawn on the pdf queue the first time that somebody asks, and kept as long as the PDF.

Drawing is slow work of native code, so the request layer never does it: a request finds the picture or leaves a task. All pages of a file
are drawn at once, which also tells how many there are.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import func, select, text

from app.core.outbox import Task, enqueue
from app.core.storage import StoredFile, save
from app.extensions import db
from app.resumes.errors import PageNotFound
from app.resumes.models import PREVIEW_FOLDER, PreviewPage

TASK = "pdf.preview"
MAX_ATTEMPTS = 3


def path_of(resume_id: int) -> str:
    """Where the first page is shown."""
    return f"/api/v1/resumes/{resume_id}/preview.png?page=1"


def find_picture(pdf: StoredFile, number: int) -> StoredFile | None:
    """The picture of a page, or None when the PDF has not been drawn yet. Raises PageNotFound when it has, and has no such page."""
    pages = select(PreviewPage).where(PreviewPage.pdf_file_id == pdf.id)
    page = db.session.scalar(pages.where(PreviewPage.number == number))
    if page is not None:
        return page.picture
    count = db.session.scalar(select(func.count()).select_from(pages.subquery())) or 0
    if count:
        raise PageNotFound(count)
    return None


def request_pictures(pdf: StoredFile, resume_id: int, *, owner_id: int | None, before_drawing: Callable[[], None]) -> int:
    """The id of the task, which belongs to `owner_id`, that draws the pages of a PDF; asking again before it is done gives the same.

    `before_drawing` is called, and may refuse by raising, only when there is no such task.
    """
    key = f"{TASK}:{pdf.id}:{owner_id}"
    drawing_id = _find_drawing(pdf, owner_id)
    if drawing_id is not None:
        return drawing_id
    if db.session.scalar(select(Task.id).where(Task.dedupe_key == key)) is None:
        before_drawing()
    return enqueue(TASK, {"pdf_file_id": pdf.id, "resume_id": resume_id}, owner_id=owner_id, dedupe_key=key, max_attempts=MAX_ATTEMPTS)


def _find_drawing(pdf: StoredFile, owner_id: int | None) -> int | None:
    """The task that is drawing now: a claim has taken away its dedupe key, by which one that waits is found."""
    of_pdf = (Task.name == TASK, Task.args["pdf_file_id"].as_integer() == pdf.id, Task.owner_id.is_not_distinct_from(owner_id))
    return db.session.scalar(select(Task.id).where(text("state = 'RUNNING'"), *of_pdf).limit(1))


def find_undrawn(pdf_file_id: int) -> StoredFile | None:
    """The PDF, locked against another drawing of it, or None when it is drawn or gone."""
    pdf = db.session.get(StoredFile, pdf_file_id, with_for_update=True, populate_existing=True)
    # Only a statement that begins after the wait for the lock sees what the drawing before has kept.
    drawn = select(PreviewPage.number).where(PreviewPage.pdf_file_id == pdf_file_id).limit(1)
    return pdf if pdf is not None and db.session.scalar(drawn) is None else None


def keep_pictures(pdf_file_id: int, pictures: Iterable[bytes]) -> None:
    """Store the pages of a PDF, unless it has been drawn or replaced meanwhile."""
    pdf = find_undrawn(pdf_file_id)
    if pdf is None:
        return
    for number, picture in enumerate(pictures, 1):
        stored = save(picture, folder=PREVIEW_FOLDER, name=f"page-{number}.png", content_type="image/png", owner_id=pdf.owner_id)
        db.session.add(PreviewPage(pdf_file_id=pdf.id, number=number, picture_id=stored.id))
