"""Removing PDFs that nobody has used for long, those beyond a person's share, and those of deleted résumés. Any can be made again.

A PDF stays as long as an application has its résumé, and as long as a signed link to it may be out.
"""

from collections.abc import Sequence
from datetime import timedelta

from flask import current_app
from sqlalchemy import func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.applications.models import Application
from app.core import file_purge
from app.extensions import db
from app.resumes.access import locked
from app.resumes.downloads import LINK_SECONDS, USE_NOTED_EVERY
from app.resumes.models import PdfStatus, Resume

BATCH = 500

# A deleted résumé cannot be restored; a day is left for what is under way.
AFTER_DELETION = timedelta(days=1)

_last_use = func.greatest(Resume.pdf_generated_at, Resume.pdf_used_at)


def purge_pdfs(*, limit: int = BATCH) -> int:
    """Remove up to `limit` PDFs; their bytes go after the commit. Returns how many."""
    chosen = db.session.scalars(select(Resume.id).where(_is_spare(), _is_removable()).order_by(Resume.id).limit(limit)).all()
    removable = _lock_removable(chosen)
    for resume in removable:
        _remove(resume)
    return len(removable)


def _lock_removable(chosen: Sequence[int]) -> Sequence[Resume]:
    """Of the chosen, locked, those that are still not needed.

    Two statements: the lock waits for an application that is being handed in or a link that is being given out, and only a statement
    that begins after the wait sees them. An application that comes later waits for us.
    """
    db.session.execute(select(Resume.id).where(Resume.id.in_(chosen)).order_by(Resume.id).with_for_update(of=Resume))
    return db.session.scalars(locked(select(Resume).where(Resume.id.in_(chosen), _is_removable()))).all()


def _remove(resume: Resume) -> None:
    file = resume.pdf_file
    resume.pdf_file, resume.pdf_hash = None, None
    if resume.pdf_status == PdfStatus.READY:
        resume.pdf_status = PdfStatus.NONE
    db.session.flush()
    if file is not None:
        file_purge.discard(file)


def _is_spare() -> ColumnElement[bool]:
    """Unused for long, more than a person's share (the least recently used first), or of a deleted résumé."""
    clock = func.clock_timestamp()
    order = (_last_use.desc(), Resume.id.desc())
    place = func.row_number().over(partition_by=Resume.user_id, order_by=order).label("place")
    ranked = select(Resume.id, place).where(Resume.pdf_file_id.is_not(None), Resume.deleted_at.is_(None)).subquery()
    surplus = select(ranked.c.id).where(ranked.c.place > current_app.config["PDF_KEEP_COUNT"])
    unused = _last_use < clock - timedelta(days=current_app.config["PDF_KEEP_DAYS"])
    return or_(unused, Resume.deleted_at < clock - AFTER_DELETION, Resume.id.in_(surplus))


def _is_removable() -> ColumnElement[bool]:
    """There is a PDF, no application has the résumé, and no link is out."""
    applied = select(Application.id).where(Application.resume_id == Resume.id).exists()
    links_end = func.clock_timestamp() - timedelta(seconds=LINK_SECONDS) - USE_NOTED_EVERY
    no_link = or_(Resume.pdf_used_at.is_(None), Resume.pdf_used_at < links_end)
    return db.and_(Resume.pdf_file_id.is_not(None), ~applied, no_link)
