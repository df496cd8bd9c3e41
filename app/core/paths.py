"""How addresses are read: the unversioned alias, doubled slashes, and integers that a database can hold."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.routing import IntegerConverter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VERSIONED = "/api/v1/"
_SLASHES = re.compile("/{2,}")
RESERVED = ("/api/docs", "/api/openapi.json", "/api/health")


class ApiAlias:
    """`/api/...` is `/api/v1/...`: one route, one rate, one idempotency scope, whichever a client calls.

    A client that joins a base and a path may double a slash; both are read as one, because a write must not be redirected.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"] = _SLASHES.sub("/", environ.get("PATH_INFO", ""))
        if path.startswith("/api/") and not path.startswith((VERSIONED, *RESERVED)):
            environ["PATH_INFO"] = VERSIONED + path.removeprefix("/api/")
        return self._app(environ, start_response)


class BoundedInteger(IntegerConverter):
    """A path integer below 10**18: larger ones are no id, so the address does not exist."""

    regex = r"\d{1,18}"
