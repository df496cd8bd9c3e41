"""Registering, signing in, profiles, passwords, and what admins do to accounts."""

from dataclasses import dataclass
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts import audit, passwords, sessions
from app.accounts.errors import AccountDeactivated, AccountPending, EmailTaken, LinkExpired, NotARecruiter, UserNotFound, WrongCredentials
from app.accounts.models import User
from app.core.auth import Role
from app.core.clock import now
from app.core.outbox import enqueue
from app.core.problems import Invalid
from app.core.storage import save
from app.core.uploads import Upload
from app.extensions import db
from app.mail import bounces

RESET_LINK_SECONDS = 3600
VERIFY_LINK_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class NewUser:
    """The values of a registration."""

    email: str
    password: str
    full_name: str
    user_type: Role
    phone_number: str | None = None


def register(new: NewUser) -> User:
    """Add an account; a recruiter's waits for approval. Raises EmailTaken."""
    user = _add(new)
    if user.is_pending:
        enqueue("mail.recruiter_pending", {"user_id": user.id})
    audit.record("user.registered", actor_id=user.id, subject_type="user", subject_id=user.id, role=user.user_type, is_active=user.is_active)
    return user


def _add(new: NewUser) -> User:
    user = User(
        email=new.email.lower(),
        password_hash=passwords.hash_password(new.password),
        full_name=new.full_name,
        user_type=new.user_type,
        phone_number=new.phone_number,
        is_active=new.user_type != Role.RECRUITER,
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:
        raise EmailTaken from error
    enqueue("mail.verify_email", {"user_id": user.id})
    return user


def create_admin(email: str, password: str, full_name: str) -> User:
    """Add an operator's account. Raises EmailTaken."""
    admin = _add(NewUser(email, password, full_name, Role.ADMIN))
    admin.is_verified = True
    audit.record("user.admin_created", actor_id=None, subject_type="user", subject_id=admin.id)
    return admin


def find_by_email(email: str) -> User | None:
    """The user of that address, whatever its case."""
    return db.session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))


def get_user(user_id: int, *, for_update: bool = False) -> User:
    """The user of that id. Raises UserNotFound."""
    query = select(User).where(User.id == user_id)
    user = db.session.scalar(query.with_for_update(of=User).execution_options(populate_existing=True) if for_update else query)
    if user is None:
        raise UserNotFound
    return user


def log_in(email: str, password: str) -> sessions.Tokens:
    """Open a session. Raises WrongCredentials (one answer for every cause), AccountPending, AccountDeactivated."""
    user = find_by_email(email)
    if not passwords.matches(user.password_hash if user else None, password) or user is None:
        raise WrongCredentials
    if not user.is_active:
        raise AccountPending if user.is_pending else AccountDeactivated
    if passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return sessions.open_session(user)


def update_profile(user: User, changes: dict[str, Any], *, avatar: Upload | None = None, drop_avatar: bool = False) -> User:
    """Set the given profile fields. Raises Invalid for a name set to null."""
    for field in ("full_name", "job_alerts_enabled"):
        if field in changes and changes[field] is None:
            raise Invalid({field: "This field cannot be null."})
    for field, value in changes.items():
        setattr(user, field, value)
    if drop_avatar:
        user.avatar_id = None
    if avatar is not None:
        stored = save(avatar.data, folder="avatars", name=avatar.name, content_type=avatar.content_type, owner_id=user.id)
        user.avatar_id = stored.id
    return user


def change_password(user: User, old: str, new: str) -> None:
    """Set a new password and end every sign-in. Raises Invalid when the old one is wrong, also by a change that was under way."""
    user = get_user(user.id, for_update=True)
    if not passwords.matches(user.password_hash, old):
        raise Invalid({"old_password": "The old password is wrong."})
    _set_password(user, new)


def ask_for_reset(email: str) -> None:
    """Mail a reset link if there is such an account; the caller cannot tell."""
    user = find_by_email(email)
    if user is not None:
        enqueue("mail.password_reset", {"user_id": user.id}, dedupe_key=f"mail.password_reset:{user.id}")


def reset_token(user: User) -> str:
    """A signed token that dies with the password it replaces."""
    return _serializer("reset").dumps([user.id, user.password_hash[-16:]])


def reset_password(token: str, new: str) -> None:
    """Set a password by a mailed link. Raises LinkExpired."""
    user_id, mark = _open(token, "reset", RESET_LINK_SECONDS)
    user = get_user(user_id, for_update=True)
    if user.password_hash[-16:] != mark:
        raise LinkExpired
    bounces.clear(user.email)
    _set_password(user, new)


def verification_token(user: User) -> str:
    """A signed token for the address it was sent to."""
    return _serializer("verify").dumps([user.id, user.email])


def verify_email(token: str) -> None:
    """Mark the address as verified. Raises LinkExpired."""
    user_id, email = _open(token, "verify", VERIFY_LINK_SECONDS)
    user = get_user(user_id)
    if user.email != email:
        raise LinkExpired
    bounces.clear(email)
    user.is_verified = True


def approve_recruiter(actor_id: int | None, user_id: int) -> User:
    """Let a recruiter sign in; approving twice changes nothing. Raises UserNotFound, NotARecruiter."""
    user = get_user(user_id, for_update=True)
    if user.user_type != Role.RECRUITER:
        raise NotARecruiter
    if user.approved_at is None:
        user.approved_at, user.is_active = now(), True
        audit.record("recruiter.approved", actor_id=actor_id, subject_type="user", subject_id=user.id)
        enqueue("mail.recruiter_approved", {"user_id": user.id})
    return user


def deactivate(actor_id: int, user_id: int) -> User:
    """Shut an account out at once. Raises UserNotFound."""
    user = get_user(user_id, for_update=True)
    if user.is_active:
        user.is_active = False
        user.approved_at = user.approved_at or now()
        sessions.revoke_all(user.id)
        audit.record("user.deactivated", actor_id=actor_id, subject_type="user", subject_id=user.id)
    return user


def _set_password(user: User, new: str) -> None:
    user.password_hash = passwords.hash_password(new)
    sessions.revoke_all(user.id)
    audit.record("user.password_changed", actor_id=user.id, subject_type="user", subject_id=user.id)


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"accounts.{purpose}")


def _open(token: str, purpose: str, seconds: int) -> tuple[int, str]:
    try:
        user_id, mark = _serializer(purpose).loads(token, max_age=seconds)
    except (BadSignature, ValueError, TypeError) as error:
        raise LinkExpired from error
    return int(user_id), str(mark)
