"""Making the PDF: asking for a render, and the two ends of the task that does it.

The résumé's row lock orders edits, requests and renders. A render notes on its task which content it has read, so that a request
under the same lock knows whether a render under way will show the present content or whether one more is needed. That one begins when the
one under way ends, however many workers are idle, so that it shows all edits made meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.core import file_purge, leases
from app.core.clock import now
from app.core.leases import ClaimedTask
from app.core.outbox import Task, TaskState, enqueue, hasten
from app.core.storage import StoredFile, save
from app.core.uploads import safe_name
from app.extensions import db
from app.notifications.models import Level, NotificationType
from app.notifications.service import News, tell
from app.resumes.access import lock_own, locked
from app.resumes.models import PDF_FOLDER, PdfStatus, Resume
from app.resumes.pdf_state import content_key, is_stored, printed

TASK = "pdf.render"

# A document that takes a worker down or past its time limit does so again.
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Draft:
    """What one render prints: the fields, the photo's detached row, and the key that identifies both."""

    resume_id: int
    owner_id: int
    content: dict[str, Any]
    theme: str
    photo: StoredFile | None
    key: str
    file_name: str


def request_pdf(owner_id: int, resume_id: int, *, before_render: Callable[[], None]) -> int | None:
    """The id of the task that makes the PDF of the present content, or None when it is stored already.

    `before_render` is called, and may refuse by raising, only when a new render is needed. Raises ResumeNotFound.
    """
    resume = lock_own(owner_id, resume_id)
    key = content_key(resume)
    if is_stored(resume, key):
        resume.pdf_status = PdfStatus.READY
        return None
    wait = timedelta() if resume.pdf_task_id is None else _wait_for(resume.pdf_task_id, key)
    if wait is None:
        return resume.pdf_task_id
    before_render()
    resume.pdf_task_id = enqueue(TASK, {"resume_id": resume.id}, owner_id=owner_id, max_attempts=MAX_ATTEMPTS, delay=wait)
    resume.pdf_status = PdfStatus.PROCESSING
    return resume.pdf_task_id


def _wait_for(task_id: int, key: str) -> timedelta | None:
    """How long the next render has to wait for this one at most, or None if this one is yet to read the résumé or has read just this content."""
    rest = func.greatest(Task.lease_until - func.clock_timestamp(), timedelta())
    row = db.session.execute(select(Task.state, Task.attempts, Task.args, rest.label("rest")).where(Task.id == task_id)).one_or_none()
    if row is None or row.state not in (TaskState.PENDING, TaskState.SENT, TaskState.RUNNING):
        return timedelta()
    has_read = row.state == TaskState.RUNNING and row.args.get("attempt") == row.attempts
    return row.rest if has_read and row.args["content_key"] != key else None


def begin_render(task: ClaimedTask) -> Draft | None:
    """Read what is to be printed and note it on the task, or return None when there is nothing to do. The caller commits.

    Nothing to do means: the stored PDF shows this content, a later task has taken over, or the résumé was deleted. Raises StaleClaim.
    """
    resume = db.session.scalar(locked(select(Resume).where(Resume.id == task.args["resume_id"], Resume.deleted_at.is_(None))))
    if resume is None:
        return None
    key = content_key(resume)
    is_current = resume.pdf_task_id == task.id
    if is_stored(resume, key):
        resume.pdf_status = PdfStatus.READY
        if is_current:
            # An export has printed it, or an edit was undone.
            resume.pdf_task_id = None
            _announce(resume)
        return None
    if not is_current:
        _let_next_begin(resume)
        return None
    resume.pdf_status = PdfStatus.PROCESSING
    leases.note(task, content_key=key, attempt=task.attempt)
    return draft_of(resume, key)


def draft_of(resume: Resume, key: str) -> Draft:
    """What a render of a résumé whose content has that key prints; the photo's row is detached from the session."""
    photo = resume.photo_file
    if photo is not None:
        # Detached, so that it can be read after the transaction has ended.
        db.session.flush()
        db.session.expunge(photo)
    name = " - ".join(part for part in (resume.full_name, resume.title) if part)
    return Draft(resume.id, resume.user_id, printed(resume), resume.theme, photo, key, safe_name(f"{name}.pdf", "resume.pdf"))


def keep_pdf(task: ClaimedTask, draft: Draft, data: bytes) -> None:
    """Store a finished render; the file that it replaces goes once this is committed.

    A render whose content was edited meanwhile is kept for those who received the résumé, but leaves the status at `NONE`, unless
    something newer is stored or on its way.
    """
    stored = store(draft, data)
    resume = db.session.scalar(locked(select(Resume).where(Resume.id == draft.resume_id)))
    if resume is None:
        file_purge.discard(stored)
        return
    present = content_key(resume)
    is_current = resume.pdf_task_id == task.id
    if is_current:
        resume.pdf_task_id = None
    else:
        _let_next_begin(resume)
    if draft.key == present or (is_current and not is_stored(resume, present)):
        replace_file(resume, stored, draft.key)
        resume.pdf_status = PdfStatus.READY if draft.key == present else PdfStatus.NONE
        if resume.pdf_status == PdfStatus.READY:
            _announce(resume)
    else:
        file_purge.discard(stored)


def _let_next_begin(resume: Resume) -> None:
    """After a render: whatever was asked for meanwhile is due now."""
    if resume.pdf_task_id is not None:
        hasten(Task.id == resume.pdf_task_id)


def _announce(resume: Resume) -> None:
    """Tell the owner, who has asked for the PDF, that it is there; of a résumé that was deleted meanwhile there is nothing to tell."""
    if resume.deleted_at is None:
        tell(_news(resume))
        enqueue("mail.resume_ready", {"resume_id": resume.id}, dedupe_key=f"mail.resume_ready:{resume.id}")


def _news(resume: Resume) -> News:
    return News(
        user_id=resume.user_id,
        type=NotificationType.RESUME_READY,
        level=Level.SUCCESS,
        title="Bản PDF đã sẵn sàng",
        message=f"Bạn có thể tải bản PDF của “{resume.title}”.",
        link=f"/resumes/{resume.id}",
        data={"resume_id": resume.id},
    )


def store(draft: Draft, data: bytes) -> StoredFile:
    """The file of a finished render, to which nothing refers yet."""
    return save(data, folder=PDF_FOLDER, name=draft.file_name, content_type="application/pdf", owner_id=draft.owner_id)


def replace_file(resume: Resume, stored: StoredFile, key: str) -> None:
    """Give a locked résumé another PDF, which shows the content of that key; the one before goes once this is committed."""
    replaced = resume.pdf_file
    resume.pdf_file, resume.pdf_hash, resume.pdf_generated_at = stored, key, now()
    db.session.flush()
    if replaced is not None:
        file_purge.discard(replaced)


@leases.when_dead(TASK)
def mark_failed(args: dict[str, Any], error: str) -> None:
    """Show that the render has failed, unless a later task has taken over. The reason stays on the task."""
    resume = db.session.scalar(locked(select(Resume).where(Resume.id == args["resume_id"])))
    if resume is None or resume.pdf_task_id is None or resume.pdf_status != PdfStatus.PROCESSING:
        return
    _let_next_begin(resume)
    if db.session.scalar(select(Task.state).where(Task.id == resume.pdf_task_id)) == TaskState.DEAD:
        resume.pdf_status = PdfStatus.FAILED
