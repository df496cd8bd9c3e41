"""What an export does with each application: whose file goes in, and why one does not."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select

from app.accounts.models import User
from app.applications.models import Application, ApplicationStatus
from app.core.problems import NotFound
from app.core.storage import StoredFile, read
from app.core.uploads import CV_TYPES
from app.extensions import db

WITHDRAWN = "The candidate has withdrawn the application."
CLOSED = "The candidate's account is closed."
NOTHING_LEFT = "Neither a CV nor a résumé is left."
LOST = "The uploaded CV is no longer in the storage."
DAMAGED = "The uploaded CV is damaged: it is not what was uploaded."

_EXTENSIONS = {content_type: extension for extension, content_type in CV_TYPES.items()}


@dataclass(frozen=True)
class Item:
    """One application: the CV (a detached row) or the résumé that came with it, or the reason why nothing of it is exported."""

    application_id: int
    candidate: str
    status: str
    applied_at: datetime
    cv: StoredFile | None
    resume_id: int | None
    reason: str | None


@dataclass(frozen=True)
class Content:
    """What goes in for an application: a file's bytes and its extension, or none and a note for the manifest; or both."""

    data: bytes | None
    extension: str = "pdf"
    note: str = ""


class UnusableFile(Exception):
    """A stored file is missing or is not what was stored; the message says which."""


def items_after(job_id: int, done_up_to: int, last: int, *, limit: int) -> list[Item]:
    """The job's next applications by id, after `done_up_to` and no further than `last`."""
    columns = (Application.id, Application.status, Application.applied_at, Application.resume_id, User.full_name, User.is_active, StoredFile)
    query = select(*columns).join(Application.candidate).outerjoin(StoredFile, Application.cv_file_id == StoredFile.id)
    chosen = query.where(Application.job_id == job_id, Application.id > done_up_to, Application.id <= last)
    rows = db.session.execute(chosen.order_by(Application.id).limit(limit)).all()
    return [
        Item(row.id, row.full_name, row.status, row.applied_at, _detached(row.StoredFile), row.resume_id, _reason(row.status, row.is_active))
        for row in rows
    ]


def read_upload(stored: StoredFile) -> Content:
    """An uploaded CV as it is. Raises UnusableFile."""
    return Content(read_intact(stored, lost=LOST, damaged=DAMAGED), _EXTENSIONS.get(stored.content_type, "bin"))


def read_intact(stored: StoredFile, *, lost: str, damaged: str) -> bytes:
    """The bytes of a stored file, which is at most as large as an upload may be. Raises UnusableFile with one of the two sentences."""
    try:
        data = read(stored)
    except NotFound as error:
        raise UnusableFile(lost) from error
    if sha256(data).hexdigest() != stored.sha256:
        raise UnusableFile(damaged)
    return data


def _reason(status: str, is_active: bool) -> str | None:
    if status == ApplicationStatus.WITHDRAWN:
        return WITHDRAWN
    return None if is_active else CLOSED


def _detached(stored: StoredFile | None) -> StoredFile | None:
    if stored is not None:
        db.session.expunge(stored)
    return stored
