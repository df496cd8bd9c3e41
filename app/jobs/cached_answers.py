"""Answering a cached job in front of Flask: a hit needs none of what Flask does for a request.

The answer is the one that `routes.get_job` would give; a test compares them. Whatever is not a plain hit goes on to Flask. The reasons and
the figures are in docs/adr/0006-cached-jobs-before-flask.md.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.http import parse_etags

from app.core import request_id
from app.core.contract import JSON
from app.core.versioned_cache import VersionedRedisCache
from app.extensions import cache as flask_cache
from app.jobs import cache
from app.jobs.cache import PublicCopy
from app.jobs.counters import ViewCounter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "X-Request-ID"
PREFIX = "/api/v1/jobs/"
REFERENCE = re.compile(r"(?:[^-/][^/]*-)?([0-9]{1,18})", re.ASCII)


class CachedAnswers:
    """WSGI middleware for GET of one job. It stays out of the way where a rate for all routes is set, and of origins that are not listed."""

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        self._app = app
        self._inner = inner
        self._cache: VersionedRedisCache = app.extensions["cache"][flask_cache]
        self._views: ViewCounter = app.extensions["job_views"]
        self._origins: frozenset[str] = app.config["ALLOWED_ORIGINS"]
        self._shared_headers: dict[str, list[tuple[str, str]]] = {}
        self.is_active = not app.config["DEFAULT_RATE"]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        origin: str = environ.get("HTTP_ORIGIN", "")
        if not path.startswith(PREFIX) or environ["REQUEST_METHOD"] != "GET" or not self.is_active or (origin and origin not in self._origins):
            return self._inner(environ, start_response)
        found = REFERENCE.fullmatch(path.removeprefix(PREFIX).removesuffix("/"))
        copy = cache.peek(self._cache, int(found.group(1))) if found else None
        if found is None or copy is None:
            return self._inner(environ, start_response)
        self._views.note(int(found.group(1)))
        headers = [("ETag", f'"{copy.etag}"'), ("Cache-Control", "no-cache"), *self._headers_of_every_answer(environ, origin)]
        return self._answer(copy, headers, environ, start_response)

    def _answer(
        self, copy: PublicCopy, headers: list[tuple[str, str]], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        condition = environ.get("HTTP_IF_NONE_MATCH")
        if condition and parse_etags(condition).contains_weak(copy.etag):
            start_response("304 NOT MODIFIED", headers)
            return ()
        start_response("200 OK", [("Content-Type", JSON), ("Content-Length", str(len(copy.body))), *headers])
        return (copy.body,)

    def _headers_of_every_answer(self, environ: "WSGIEnvironment", origin: str) -> list[tuple[str, str]]:
        """What the application's hooks add to an answer: asked of them once an origin, but for the request's own id."""
        shared = self._shared_headers.get(origin)
        if shared is None:
            with self._app.test_request_context(PREFIX, headers={"Origin": origin} if origin else None):
                added = self._app.process_response(Response()).headers
            shared = [(name, value) for name, value in added if name not in {"Content-Type", "Content-Length", REQUEST_ID}]
            self._shared_headers[origin] = shared
        return [*shared, (REQUEST_ID, request_id.accepted(environ.get("HTTP_X_REQUEST_ID", "")))]


def register(app: Flask) -> None:
    """Put the middleware in front of `app`, inside of what reads addresses."""
    app.wsgi_app = CachedAnswers(app, app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way.
