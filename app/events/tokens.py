"""Tokens that open a stream and nothing else, for pages that can send neither a header nor the cookie."""

from datetime import timedelta

import jwt
from flask import current_app

from app.core.clock import now
from app.core.identity import Identity
from streams.protocol import ALGORITHM, ISSUER, STREAM_AUDIENCE, STREAM_TOKEN_SECONDS


def stream_token(identity: Identity) -> str:
    """A token of the same sign-in: what ends that ends the stream."""
    made = now()
    claims = {
        "iss": ISSUER,
        "aud": STREAM_AUDIENCE,
        "sub": str(identity.user_id),
        "fam": identity.family,
        "iat": made,
        "exp": made + timedelta(seconds=STREAM_TOKEN_SECONDS),
    }
    return jwt.encode(claims, current_app.config["JWT_SECRET_KEY"], algorithm=ALGORITHM)
