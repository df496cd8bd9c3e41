"""Pictures of a PDF's pages, drawn on the pdf queue the first time that somebody asks, and kept as long as the PDF.

Drawing is slow work of native code, so the request layer never does it: a request finds the picture or leaves a task. All pages of a file
are drawn at once, which also tells how many there are.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import func, select

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
    """The id of the task, which belongs to `owner_id`, that draws the pages of a PDF; asking again while it waits gives the same.

    `before_drawing` is called, and may refuse by raising, only when no such task waits.
    """
    key = f"{TASK}:{pdf.id}:{owner_id}"
    if db.session.scalar(select(Task.id).where(Task.dedupe_key == key)) is None:
        before_drawing()
    return enqueue(TASK, {"pdf_file_id": pdf.id, "resume_id": resume_id}, owner_id=owner_id, dedupe_key=key, max_attempts=MAX_ATTEMPTS)


def find_undrawn(pdf_file_id: int) -> StoredFile | None:
    """The PDF, locked against another drawing of it, or None when it is drawn or gone."""
    drawn = select(PreviewPage).where(PreviewPage.pdf_file_id == StoredFile.id).exists()
    query = select(StoredFile).where(StoredFile.id == pdf_file_id, ~drawn).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def keep_pictures(pdf_file_id: int, pictures: Iterable[bytes]) -> None:
    """Store the pages of a PDF, unless it has been drawn or replaced meanwhile."""
    pdf = find_undrawn(pdf_file_id)
    if pdf is None:
        return
    for number, picture in enumerate(pictures, 1):
        stored = save(picture, folder=PREVIEW_FOLDER, name=f"page-{number}.png", content_type="image/png", owner_id=pdf.owner_id)
        db.session.add(PreviewPage(pdf_file_id=pdf.id, number=number, picture_id=stored.id))
