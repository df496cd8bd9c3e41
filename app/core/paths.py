"""How addresses are read: the unversioned alias, doubled and missing slashes, and integers that a database can hold."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Request, current_app
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


def methods_with_slash(request: Request) -> list[str]:
    """The methods, sorted, of the route whose address lacks only its last slash in `request`; none when the method is not what is wrong.

    Werkzeug serves a route without its slash, but it looks at the methods of an address only as it is written: asked for another
    method there, it says that the address does not exist.
    """
    adapter = current_app.create_url_adapter(request)
    if adapter is None or adapter.path_info.endswith("/"):
        return []
    allowed = sorted(adapter.allowed_methods(f"{adapter.path_info}/"))
    return [] if request.method in allowed else allowed


class BoundedInteger(IntegerConverter):
    """A path integer below 10**18: larger ones are no id, so the address does not exist."""

    regex = r"\d{1,18}"
