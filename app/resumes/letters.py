"""The mail about a finished PDF."""

from app.accounts.models import User
from app.extensions import db
from app.mail.account_letters import person
from app.mail.letters import Letter, link, write
from app.notifications.models import NotificationType
from app.notifications.preferences import Channel, wants
from app.resumes.models import PdfStatus, Resume


def pdf_ready(resume_id: int) -> Letter | None:
    """To the candidate, with a link to the résumé; None when it was edited or deleted meanwhile, so that the PDF is not what it says."""
    resume = db.session.get(Resume, resume_id)
    if resume is None or resume.deleted_at is not None or resume.pdf_status != PdfStatus.READY:
        return None
    owner = db.session.get_one(User, resume.user_id)
    if not owner.is_active or not wants([owner.id], NotificationType.RESUME_READY, Channel.MAIL):
        return None
    return write("resume_ready", person(owner), {"resume_title": resume.title, "address": link(f"/resumes/{resume.id}")})
