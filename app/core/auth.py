"""Access policy: every route says who may call it, `@public` or `@require(...)`; a route that says neither stops the start.

Which rows a caller may touch is decided in each feature's queries; a row of someone else is a 404.
"""

import hmac
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, current_app, g, request

from app.core.identity import CSRF_HEADER, Identity, current_identity
from app.core.problems import Forbidden, Unauthorized

if TYPE_CHECKING:
    from app.accounts.models import User

POLICY = "_access_policy"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Role(StrEnum):
    """A user's kind: `user_type` in the API."""

    CANDIDATE = "CANDIDATE"
    RECRUITER = "RECRUITER"
    ADMIN = "ADMIN"


class WrongRole(Forbidden):
    code, detail = "wrong_role", "Your kind of account may not do this."


class CsrfFailed(Forbidden):
    code, detail = "csrf_failed", "The CSRF check failed: send X-CSRFToken, or call from an allowed origin."


View = TypeVar("View", bound=Callable[..., Any])
UserLoader = Callable[[Identity], "User | None"]


def public(view: View) -> View:
    """Anybody may call this route; a valid token, when sent, still tells who does."""
    setattr(view, POLICY, "public")
    return view


def require(*roles: Role) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only signed-in users of one of `roles` (any role when none is named). Raises Unauthorized, CsrfFailed, WrongRole."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if roles and actor.user_type not in roles:
                raise WrongRole
            return view(*args, **kwargs)

        setattr(guarded, POLICY, "signed in" if not roles else ", ".join(role.lower() for role in roles))
        return guarded

    return decorate


def current_actor() -> "User":
    """The signed-in, active user. Raises Unauthorized; checks CSRF when the token came in a cookie."""
    actor = find_actor()
    if actor is None:
        raise Unauthorized
    return actor


def find_actor() -> "User | None":
    """The signed-in user, or None for anonymous, expired and revoked callers."""
    if "actor" not in g:
        identity = current_identity()
        g.actor = _load(identity) if identity else None
    found: User | None = g.actor
    return found


def _load(identity: Identity) -> "User | None":
    if identity.from_cookie and request.method not in SAFE_METHODS:
        check_csrf(identity.csrf)
    loader: UserLoader = current_app.extensions["user_loader"]
    return loader(identity)


def check_csrf(expected: str) -> None:
    """An unsafe cookie request must echo the token or come from an allowed origin. Raises CsrfFailed."""
    offered = request.headers.get(CSRF_HEADER, "")
    if offered and hmac.compare_digest(offered.encode(), expected.encode()):
        return
    if request.headers.get("Origin", "") not in current_app.config["ALLOWED_ORIGINS"]:
        raise CsrfFailed


def check_policies(app: Flask, exempt: frozenset[str]) -> None:
    """Refuse to start with a route that does not say who may call it."""
    silent = [name for name, view in app.view_functions.items() if name not in exempt and not hasattr(view, POLICY)]
    if silent:
        raise RuntimeError(f"routes without an access policy: {', '.join(sorted(silent))}")
