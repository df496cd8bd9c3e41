"""Rates from the environment: `@rate_limit("LOGIN_RATE")` reads the setting of that name; an empty one means unlimited."""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app
from flask_limiter import RateLimitExceeded

from app.core.problems import Problem, respond
from app.core.rate_keys import actor_or_address
from app.extensions import limiter


class TooMany(Problem):
    status, code, detail = 429, "rate_limited", "That was too often. Please wait a little."


def rate_limit(
    setting: str, *, key: Callable[[], str] = actor_or_address, counts: Callable[[Response], bool] | None = None, shared: bool = False
) -> Callable[[Callable[..., Any]], Any]:
    """Limit a route by the rate in `setting`. `counts(response)` says which answers draw on the budget; all of them by default.

    `shared` routes of one setting draw on one budget; others have one each.
    """
    limit = limiter.shared_limit if shared else limiter.limit
    return limit(
        lambda: current_app.config[setting],
        key_func=key,
        exempt_when=lambda: not current_app.config[setting],
        deduct_when=counts,
        scope=setting,
    )


def counts_created(response: Response) -> bool:
    """Only what was accepted (201, 202) draws on the budget: a refused form may be corrected and sent again."""
    return response.status_code in {201, 202}


def register(app: Flask) -> None:
    """Word the refusal, and tidy the headers. To be called before the limiter is bound: later hooks run first."""
    app.register_error_handler(RateLimitExceeded, lambda error: respond(TooMany()))
    app.after_request(_tidy_headers)


def _tidy_headers(response: Response) -> Response:
    """`RateLimit-Reset` in seconds from now (the limiter writes a point in time), `Retry-After` on refusals only."""
    reset = response.headers.get("RateLimit-Reset")
    if reset is not None:
        response.headers["RateLimit-Reset"] = str(max(0, int(reset) - int(time.time())))
        if response.status_code < 400:
            response.headers.pop("Retry-After", None)
    return response
