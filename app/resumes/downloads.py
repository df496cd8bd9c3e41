"""Handing the PDF out: to those who may see the résumé, and to whoever holds a fresh signed link to that very file."""

from datetime import timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import func, or_, select, update

from app.accounts.models import User
from app.core.problems import NotFound
from app.core.storage import StoredFile
from app.extensions import db
from app.resumes.access import get_visible
from app.resumes.errors import DownloadLinkExpired
from app.resumes.models import PdfStatus, Resume

LINK_SECONDS = 300

# A use within a minute of the last one is not written again.
USE_NOTED_EVERY = timedelta(minutes=1)


def path_of(resume_id: int) -> str:
    """Where a résumé's PDF is served."""
    return f"/api/v1/resumes/{resume_id}/download/"


def link_to(resume: Resume) -> str:
    """An address that works without signing in, for five minutes and for the present file only."""
    return f"{path_of(resume.id)}?token={_serializer().dumps([resume.id, resume.pdf_file_id])}"


def find_pdf(actor: User, resume_id: int) -> tuple[Resume, StoredFile | None]:
    """The résumé and the PDF that the actor gets, if there is one. Raises ResumeNotFound.

    The owner gets a PDF of the present content or none; one who received the résumé gets the last that was made.
    """
    resume = get_visible(actor, resume_id)
    is_offered = resume.user_id != actor.id or resume.pdf_status == PdfStatus.READY
    return resume, resume.pdf_file if is_offered else None


def note_use(resume_id: int, file_id: int) -> bool:
    """Note, to the minute, that the PDF is handed out now, which keeps it from being purged; False when that has just happened.

    To be committed before the file or a link to it is given.
    """
    clock = func.clock_timestamp()
    current = (Resume.id == resume_id, Resume.pdf_file_id == file_id)
    is_due = or_(Resume.pdf_used_at.is_(None), Resume.pdf_used_at < clock - USE_NOTED_EVERY)
    noted = db.session.execute(update(Resume).where(*current, is_due).values(pdf_used_at=clock).returning(Resume.id)).one_or_none()
    return noted is not None or db.session.scalar(select(Resume.id).where(*current)) is not None


def open_link(token: str, resume_id: int) -> StoredFile:
    """The file that a signed link names. Raises DownloadLinkExpired, NotFound when the file has been replaced."""
    try:
        signed_id, file_id = _serializer().loads(token, max_age=LINK_SECONDS)
    except (BadSignature, ValueError, TypeError) as error:
        raise DownloadLinkExpired from error
    if signed_id != resume_id:
        raise DownloadLinkExpired
    found = select(StoredFile).join(Resume, Resume.pdf_file_id == StoredFile.id).where(Resume.id == resume_id, StoredFile.id == file_id)
    stored = db.session.scalar(found)
    if stored is None:
        raise NotFound("This file has been replaced. Ask for a new link.")
    return stored


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="resumes.download")
