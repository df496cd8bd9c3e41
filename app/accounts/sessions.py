"""Sign-ins: short-lived signed access tokens, opaque single-use refresh tokens, families that die together (RFC 9700)."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from flask_jwt_extended import create_access_token
from sqlalchemy import ARRAY, Uuid, any_, delete, func, literal, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.accounts.errors import RefreshRefused
from app.accounts.models import RefreshToken, TokenFamily, User
from app.core.clock import now
from app.core.identity import Identity
from app.extensions import db

# A client whose answer got lost may send the old refresh token once more within this time.
REUSE_GRACE = timedelta(seconds=5)

PURGED_AT_A_TIME = 5000


@dataclass(frozen=True)
class Tokens:
    """What a sign-in or a refresh hands out. `csrf` is what a cookie client echoes in X-CSRFToken."""

    access: str
    refresh: str
    csrf: str
    user: User


def open_session(user: User) -> Tokens:
    """Start a new family for `user`."""
    family = TokenFamily(user_id=user.id)
    db.session.add(family)
    db.session.flush()
    return _issue(user, family.id)


def refresh(token: str) -> Tokens | None:
    """Use a refresh token up and hand out the next pair.

    None when an old token came back after the grace: its family has then been revoked, which the caller must commit.
    Raises RefreshRefused for an unknown, expired or revoked one.
    """
    row = db.session.execute(
        select(RefreshToken, TokenFamily, User)
        .join(TokenFamily, RefreshToken.family_id == TokenFamily.id)
        .join(User, TokenFamily.user_id == User.id)
        .where(RefreshToken.token_hash == _digest(token))
        .with_for_update(of=[RefreshToken, TokenFamily])
    ).one_or_none()
    if row is None:
        raise RefreshRefused
    stored, family, user = row
    if family.revoked_at is not None or stored.expires_at <= now() or not user.is_active:
        raise RefreshRefused
    if stored.used_at is not None and now() - stored.used_at > REUSE_GRACE:
        family.revoked_at = now()
        return None
    stored.used_at = stored.used_at or now()
    return _issue(user, family.id)


def find_csrf(token: str) -> str | None:
    """The CSRF token that belongs to a refresh token, for cookie clients."""
    family_id = db.session.scalar(select(RefreshToken.family_id).where(RefreshToken.token_hash == _digest(token)))
    return csrf_of(family_id) if family_id else None


def revoke(family: str) -> None:
    """End the sign-in that a token belongs to."""
    _revoke(TokenFamily.id == uuid.UUID(family))


def revoke_by_refresh(user_id: int, token: str) -> None:
    """End the sign-in of a refresh token, if it is the user's own."""
    family = select(RefreshToken.family_id).where(RefreshToken.token_hash == _digest(token)).scalar_subquery()
    _revoke((TokenFamily.id == family) & (TokenFamily.user_id == user_id))


def revoke_all(user_id: int) -> None:
    """End every sign-in of a user: after a new password or a deactivation."""
    _revoke(TokenFamily.user_id == user_id)


def _revoke(which: ColumnElement[bool]) -> None:
    db.session.execute(update(TokenFamily).where(which, TokenFamily.revoked_at.is_(None)).values(revoked_at=now()))


def load_user(identity: Identity) -> User | None:
    """The active user of an access token whose sign-in still lives. One query."""
    try:
        family_id = uuid.UUID(identity.family)
    except ValueError:
        return None
    alive = select(User).join(TokenFamily, TokenFamily.user_id == User.id)
    alive = alive.where(User.id == identity.user_id, User.is_active, TokenFamily.id == family_id, TokenFamily.revoked_at.is_(None))
    return db.session.scalar(alive)


def purge_expired(limit: int = PURGED_AT_A_TIME) -> int:
    """Delete up to `limit` refresh tokens that expired, and those of their families that have none left, no others being looked at.

    Returns the number of tokens; call until it is fewer.
    """
    old = select(RefreshToken.id).where(RefreshToken.expires_at < now()).order_by(RefreshToken.expires_at).limit(limit)
    # As an array, so that they are looked up whatever the statistics say.
    found = RefreshToken.id == any_(func.array(old.with_for_update(skip_locked=True).scalar_subquery()))
    families = db.session.scalars(delete(RefreshToken).where(found).returning(RefreshToken.family_id)).all()
    left = select(RefreshToken.id).where(RefreshToken.family_id == TokenFamily.id).exists()
    bereft = (TokenFamily.id == any_(literal(list(set(families)), ARRAY(Uuid)))) & ~left
    db.session.execute(delete(TokenFamily).where(bereft).execution_options(synchronize_session=False))
    return len(families)


def csrf_of(family_id: uuid.UUID) -> str:
    """Bound to the sign-in by the server's secret, so that a planted cookie does not pass."""
    return hmac.new(current_app.config["SECRET_KEY"].encode(), f"csrf:{family_id}".encode(), hashlib.sha256).hexdigest()


def _issue(user: User, family_id: uuid.UUID) -> Tokens:
    text = secrets.token_urlsafe(32)
    expires_at = now() + timedelta(seconds=current_app.config["REFRESH_TOKEN_TTL"])
    db.session.add(RefreshToken(family_id=family_id, token_hash=_digest(text), expires_at=expires_at))
    csrf = csrf_of(family_id)
    access = create_access_token(str(user.id), additional_claims={"fam": str(family_id), "csrf": csrf})
    return Tokens(access, text, csrf, user)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
