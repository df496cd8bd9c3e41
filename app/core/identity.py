"""Who a request claims to be: the signed access token, from the `Authorization` header or the cookie. No database."""

from dataclasses import dataclass

from flask import g, request
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError

ACCESS_COOKIE = "access_token"
REFRESH_COOKIE = "refresh_token"
CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "X-CSRFToken"


@dataclass(frozen=True)
class Identity:
    """What a valid access token says. `family` is the sign-in it descends from, `csrf` what unsafe cookie requests must echo."""

    user_id: int
    family: str
    csrf: str
    from_cookie: bool


def current_identity() -> Identity | None:
    """The caller's identity, or None without a valid token. Decoded once per request."""
    if "identity" not in g:
        g.identity = _read()
    found: Identity | None = g.identity
    return found


def _read() -> Identity | None:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else ""
    from_cookie = not token
    token = token or request.cookies.get(ACCESS_COOKIE, "")
    if not token:
        return None
    try:
        claims = decode_token(token)
        return Identity(int(claims["sub"]), str(claims["fam"]), str(claims["csrf"]), from_cookie)
    except (PyJWTError, JWTExtendedException, KeyError, ValueError):
        return None
