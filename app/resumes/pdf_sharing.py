"""A résumé's PDF for someone other than its owner: the stored one while it is up to date, else what is to be printed."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.storage import StoredFile
from app.extensions import db
from app.resumes.access import locked
from app.resumes.models import PdfStatus, Resume
from app.resumes.pdf import Draft, draft_of, replace_file, store
from app.resumes.pdf_state import content_key, is_stored


@dataclass(frozen=True)
class Source:
    """`stored` is the last PDF (a detached row), `is_current` whether it shows the present content; `draft` is that content.

    A deleted résumé has no draft: it is not printed again.
    """

    stored: StoredFile | None
    is_current: bool
    draft: Draft | None


def find_source(resume_id: int) -> Source:
    """What there is of a résumé, also of a deleted one. The caller ends the transaction."""
    query = select(Resume).where(Resume.id == resume_id).options(joinedload(Resume.pdf_file))
    resume = db.session.scalars(query.execution_options(populate_existing=True)).one()
    key, stored = content_key(resume), resume.pdf_file
    draft = draft_of(resume, key) if resume.deleted_at is None else None
    is_current = is_stored(resume, key)
    if stored is not None:
        db.session.expunge(stored)
    return Source(stored, is_current, draft)


def keep_shared(draft: Draft, data: bytes) -> None:
    """Keep a print for the owner too, unless the résumé was edited, deleted or printed meanwhile. The caller commits.

    A render that the owner has asked for finds it done.
    """
    resume = db.session.scalar(locked(select(Resume).where(Resume.id == draft.resume_id, Resume.deleted_at.is_(None))))
    if resume is None or content_key(resume) != draft.key or is_stored(resume, draft.key):
        return
    replace_file(resume, store(draft, data), draft.key)
    resume.pdf_status = PdfStatus.READY
