"""One id per request, in the log, in every error and in the tasks the request caused."""

import re
import uuid

import structlog
from flask import Flask, Response, g, has_request_context, request

_SAFE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def current_request_id() -> str:
    """The id of the request being served, or of the one that caused the running task; a fresh one elsewhere."""
    if not has_request_context():
        caused_by = structlog.contextvars.get_contextvars().get("request_id")
        return str(caused_by or uuid.uuid4().hex)
    if "request_id" not in g:
        g.request_id = accepted(request.headers.get("X-Request-ID", ""))
    return str(g.request_id)


def accepted(offered: str) -> str:
    """The id that a client offered, if it is harmless, else a fresh one."""
    return offered if _SAFE.fullmatch(offered) else uuid.uuid4().hex


def register(app: Flask) -> None:
    """Answer every request with its id, and bind it to the log."""
    app.before_request(_bind)
    app.after_request(_answer)


def _bind() -> None:
    structlog.contextvars.bind_contextvars(request_id=current_request_id())


def _answer(response: Response) -> Response:
    response.headers["X-Request-ID"] = current_request_id()
    structlog.contextvars.unbind_contextvars("request_id")
    return response
