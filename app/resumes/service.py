"""Writing and reading résumés; each user with any has exactly one that is primary."""

from typing import Any

from sqlalchemy import Select, func, select, update

from app.accounts.models import User
from app.core import file_purge
from app.core.clock import now
from app.core.storage import StoredFile, save
from app.core.uploads import Upload
from app.extensions import db
from app.resumes import skills
from app.resumes.access import get_visible, lock_own, own
from app.resumes.errors import PhotoNotFound, PrimaryNeeded, TooManyResumes
from app.resumes.models import PHOTO_FOLDER, Resume
from app.resumes.pdf_state import noting_edit

MOST = 50


def query_own(user_id: int) -> Select[Resume]:
    """The user's résumés, as a statement to paginate."""
    return select(Resume).where(own(user_id))


def find_primary(user_id: int) -> Resume | None:
    """The résumé that an application falls back to, or None when the user has none."""
    return db.session.scalar(query_own(user_id).where(Resume.is_primary))


def create(owner: User, values: dict[str, Any], photo: Upload | None = None) -> Resume:
    """Add a résumé; the first one becomes primary. Raises TooManyResumes."""
    _lock_owner(owner.id)
    number = db.session.scalar(select(func.count()).select_from(query_own(owner.id).subquery())) or 0
    if number >= MOST:
        raise TooManyResumes(MOST)
    wants_primary = values.pop("is_primary", False)
    resume = Resume(user_id=owner.id, **_with_skills(values, []))
    resume.full_name = resume.full_name or owner.full_name
    resume.email = resume.email or owner.email
    resume.phone = resume.phone or owner.phone_number or ""
    resume.photo_file = _store(photo, owner.id)
    db.session.add(resume)
    db.session.flush()
    if wants_primary or number == 0:
        _make_primary(resume)
    return resume


def edit(owner_id: int, resume_id: int, values: dict[str, Any], *, photo: Upload | None = None, drop_photo: bool = False) -> Resume:
    """Set the given fields. Raises ResumeNotFound, PrimaryNeeded."""
    _lock_owner(owner_id)
    resume = lock_own(owner_id, resume_id)
    wants_primary = values.pop("is_primary", resume.is_primary)
    if resume.is_primary and not wants_primary:
        raise PrimaryNeeded
    with noting_edit(resume):
        for field, value in _with_skills(values, resume.skill_items).items():
            setattr(resume, field, value)
        if photo is not None or drop_photo:
            _replace_photo(resume, photo)
    if not resume.is_primary and wants_primary:
        _make_primary(resume)
    return resume


def delete(owner_id: int, resume_id: int) -> None:
    """Hide the résumé from its owner; recruiters who received it keep it. The newest one left becomes primary. Raises ResumeNotFound."""
    _lock_owner(owner_id)
    resume = lock_own(owner_id, resume_id)
    was_primary = resume.is_primary
    resume.deleted_at, resume.is_primary = now(), False
    db.session.flush()
    if was_primary:
        newest = db.session.scalar(query_own(owner_id).order_by(Resume.created_at.desc(), Resume.id.desc()).limit(1))
        if newest is not None:
            newest.is_primary = True


def get_photo(actor: User, resume_id: int) -> StoredFile:
    """The picture of a résumé that the actor may see. Raises ResumeNotFound, PhotoNotFound."""
    photo = get_visible(actor, resume_id).photo_file
    if photo is None:
        raise PhotoNotFound
    return photo


def _lock_owner(user_id: int) -> None:
    """One change of a user's résumés at a time: which one is primary concerns them all."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _make_primary(resume: Resume) -> None:
    others = update(Resume).where(Resume.user_id == resume.user_id, Resume.is_primary, Resume.id != resume.id)
    db.session.execute(others.values(is_primary=False))
    resume.is_primary = True


def _with_skills(values: dict[str, Any], stored: list[dict[str, Any]]) -> dict[str, Any]:
    names, items = values.pop("skills", None), values.pop("skill_items", None)
    if names is None and items is None:
        return values
    return {**values, "skill_items": skills.merge(stored, names=names, items=items)}


def _store(photo: Upload | None, owner_id: int) -> StoredFile | None:
    if photo is None:
        return None
    return save(photo.data, folder=PHOTO_FOLDER, name=photo.name, content_type=photo.content_type, owner_id=owner_id)


def _replace_photo(resume: Resume, photo: Upload | None) -> None:
    replaced = resume.photo_file
    resume.photo_file = _store(photo, resume.user_id)
    db.session.flush()
    if replaced is not None:
        file_purge.discard(replaced)
