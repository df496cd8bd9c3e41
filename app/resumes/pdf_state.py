"""What the stored PDF is worth: the key of the printed content, and the status that follows from it.

`READY` says that the stored file shows the present content. An edit takes a résumé back to `NONE` (and undoing the edit makes it
`READY` again); the file is kept for those who received it until the next render replaces it. `PROCESSING` says that a render is due or
under way, `FAILED` that the last one could not be made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from app.core.clock import now
from app.core.leases import told
from app.core.outbox import Task, TaskState
from app.extensions import db
from app.resumes.models import PdfStatus, Resume
from app.resumes.rendering.digest import content_hash

_PRINTED = (
    "title",
    "full_name",
    "email",
    "phone",
    "address",
    "summary",
    "skill_items",
    "experience",
    "education",
    "certifications",
    "languages",
    "projects",
    "links",
    "publications",
    "awards",
    "volunteer",
    "interests",
    "references",
    "accent_color",
    "paper_size",
)


def printed(resume: Resume) -> dict[str, Any]:
    """What a PDF shows and in which colour and size, without the photo's bytes."""
    return {name: getattr(resume, name) for name in _PRINTED}


def content_key(resume: Resume) -> str:
    """Identifies (SHA-256, hex) what a PDF of the résumé shows now: content, photo, theme and version of the renderer."""
    digest = content_hash(printed(resume), resume.theme)
    photo = resume.photo_file.sha256 if resume.photo_file else ""
    return sha256(f"{digest}:{photo}".encode()).hexdigest()


def is_stored(resume: Resume, key: str) -> bool:
    """Whether the stored PDF shows the content of that key."""
    return resume.pdf_file_id is not None and resume.pdf_hash == key


def reason_of_failure(resume: Resume) -> str | None:
    """Why the last render could not be made, as its owner reads it; None unless it failed, and when its task has been removed since."""
    if resume.pdf_status != PdfStatus.FAILED:
        return None
    return told(db.session.scalar(select(Task.error).where(Task.id == resume.pdf_task_id, Task.state == TaskState.DEAD)))


@contextmanager
def noting_edit(resume: Resume) -> Iterator[None]:
    """Around changes of a locked résumé: dates them, and sets the PDF's status if they would show in print."""
    before = content_key(resume)
    yield
    resume.updated_at = now()
    after = content_key(resume)
    if after == before:
        return
    if is_stored(resume, after):
        resume.pdf_status = PdfStatus.READY
    elif resume.pdf_status != PdfStatus.PROCESSING:
        resume.pdf_status = PdfStatus.NONE
