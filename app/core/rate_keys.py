"""Whose budget a request draws on: the signed-in user's before the address's."""

from flask import request

from app.core.identity import current_identity


def actor_or_address() -> str:
    """`user:ID` for a valid token, otherwise `address:IP` (the proxy chain is resolved by ProxyFix)."""
    identity = current_identity()
    return f"user:{identity.user_id}" if identity else address()


def address() -> str:
    """The key of the calling address, for routes whose caller has no account yet."""
    return f"address:{request.remote_addr or 'unknown'}"
