"""The letters about accounts. Each is None when there is nobody left to tell or nothing left to say."""

from app.accounts import service as accounts
from app.accounts.errors import UserNotFound
from app.accounts.models import User
from app.mail.letters import Letter, Person, link, write


def person(user: User) -> Person:
    """The user as a mail header shows them."""
    return Person(user.full_name, user.email)


def verification(user_id: int) -> Letter | None:
    """The link that confirms an address; not for one that is confirmed already."""
    user = _find(user_id)
    if user is None or user.is_verified:
        return None
    address = link("/verify-email", token=accounts.verification_token(user))
    return write("verify_email", person(user), {"address": address, "days": accounts.VERIFY_LINK_SECONDS // 86_400}, asked_for=True)


def password_reset(user_id: int) -> Letter | None:
    """The link that sets a new password, made at the moment of sending; it dies with the present password."""
    user = _find(user_id)
    if user is None:
        return None
    address = link("/reset-password", token=accounts.reset_token(user))
    return write("password_reset", person(user), {"address": address, "minutes": accounts.RESET_LINK_SECONDS // 60}, asked_for=True)


def recruiter_pending(user_id: int) -> Letter | None:
    """To a recruiter who has just registered: the account waits for approval; not when it was approved meanwhile."""
    user = _find(user_id)
    if user is None or not user.is_pending:
        return None
    return write("recruiter_pending", person(user), {})


def recruiter_approved(user_id: int) -> Letter | None:
    """The news that a recruiter can sign in now."""
    user = _find(user_id)
    if user is None or not user.is_active:
        return None
    return write("recruiter_approved", person(user), {"address": link("/login")})


def _find(user_id: int) -> User | None:
    try:
        return accounts.get_user(user_id)
    except UserNotFound:
        return None
