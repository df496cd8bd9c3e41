"""Who opens a stream: an access token in the header or the cookie, or a stream's own token in the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import jwt

from streams.protocol import ACCESS_AUDIENCE, ACCESS_COOKIE, ALGORITHM, ISSUER, STREAM_AUDIENCE

_REQUIRED = ["exp", "iss", "aud", "sub", "fam"]


@dataclass(frozen=True)
class Identity:
    """A person, and the sign-in by which they came; the stream ends with it."""

    user_id: int
    family: UUID


def identify(headers: Mapping[str, str], query: Mapping[str, str], secret: str) -> Identity | None:
    """Who asks, or None without a valid token. What is said explicitly beats the cookie."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _read(bearer.strip(), secret, ACCESS_AUDIENCE)
    if "token" in query:
        return _read(query["token"], secret, STREAM_AUDIENCE)
    return _read(_cookie(headers.get("cookie", "")), secret, ACCESS_AUDIENCE)


def _read(token: str, secret: str, audience: str) -> Identity | None:
    try:
        claims = jwt.decode(token, secret, algorithms=[ALGORITHM], audience=audience, issuer=ISSUER, options={"require": _REQUIRED})
        return Identity(int(claims["sub"]), UUID(claims["fam"]))
    except (jwt.PyJWTError, ValueError, AttributeError, TypeError):
        return None


def _cookie(header: str) -> str:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == ACCESS_COOKIE:
            return value.strip('"')
    return ""
