"""What every answer tells browsers and caches: never guess a type, and keep nothing that was meant for one person."""

from flask import Flask, Response, request

from app.core.auth import SAFE_METHODS
from app.core.identity import ACCESS_COOKIE


def register(app: Flask) -> None:
    """Complete the headers of every answer; what a route says of its own caching stays."""
    app.after_request(_complete)


def _complete(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    if "Cache-Control" not in response.headers and _is_for_one_person():
        # Tokens must not be stored (RFC 6749, 5.1), and a shared browser's history must not show who was signed in (RFC 9111, 5.2.2.5).
        response.headers["Cache-Control"] = "no-store"
    return response


def _is_for_one_person() -> bool:
    return request.method not in SAFE_METHODS or "Authorization" in request.headers or ACCESS_COOKIE in request.cookies
