"""Leaving the digest by a link of its mail, without signing in (RFC 8058).

The link's token is signed and never grows old: a mail may be read years later. It can do one thing, turn the account's `job_alerts_enabled` off.
"""

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select, update

from app.accounts.models import User
from app.alerts.errors import UnknownSubscription
from app.extensions import db

PATH = "/api/v1/job-alerts/unsubscribe/"


def address_for(user_id: int) -> str:
    """Where one click ends the digest of this person."""
    return f"{str(current_app.config['PUBLIC_URL']).rstrip('/')}{PATH}?token={_serializer().dumps(user_id)}"


def find_subscriber(token: str) -> User:
    """Whose link it is. Raises UnknownSubscription."""
    user = db.session.scalar(select(User).where(User.id == _read(token)))
    if user is None:
        raise UnknownSubscription
    return user


def unsubscribe(token: str) -> None:
    """Turn job alerts off; doing it again changes nothing. Raises UnknownSubscription."""
    changed = update(User).where(User.id == _read(token)).values(job_alerts_enabled=False)
    if db.session.scalar(changed.returning(User.id)) is None:
        raise UnknownSubscription


def _read(token: str) -> int:
    try:
        return int(_serializer().loads(token))
    except (BadSignature, ValueError, TypeError) as error:
        raise UnknownSubscription from error


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="alerts.unsubscribe")
