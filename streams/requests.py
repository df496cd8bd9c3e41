"""Reading an ASGI request, and answering it at once when it opens no stream."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from streams import frames
from streams.protocol import LARGEST_ID

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_LONGEST_QUERY = 4096


class Refused(Exception):
    """The request is answered with a problem."""

    def __init__(self, status: int, code: str, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.title, self.detail, self.headers = status, code, title, detail, headers or {}


def unknown_address() -> Refused:
    return Refused(404, "not_found", "Not Found", "There is nothing here that you can see.")


def wrong_method() -> Refused:
    return Refused(405, "method_not_allowed", "Method Not Allowed", "A stream is opened with GET.", {"Allow": "GET, OPTIONS"})


def unauthorized() -> Refused:
    return Refused(401, "unauthorized", "Unauthorized", "Sign in to do this.")


def unavailable(detail: str) -> Refused:
    return Refused(503, "unavailable", "Service Unavailable", detail, {"Retry-After": "5"})


def bad_event_id() -> Refused:
    return Refused(400, "bad_event_id", "Bad Request", "Last-Event-ID must be the id of an event.")


@dataclass(frozen=True)
class Request:
    """Header names are in lower case; of a header or field sent twice the last counts, except for cookies, which are joined."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]

    @classmethod
    def of(cls, scope: Scope) -> "Request":
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}; {value}" if name == "cookie" and name in headers else value
        # What stands behind so many bytes is no field of ours; a limit on their number would be an error that nobody answers.
        query_string = scope.get("query_string", b"")[:_LONGEST_QUERY].decode("latin-1")
        return cls(scope["method"], scope["path"], headers, dict(parse_qsl(query_string, keep_blank_values=True)))

    @property
    def last_event_id(self) -> int | None:
        """Where the client wants to go on; the header, which browsers send on their own, beats the address. Raises Refused."""
        text = self.headers.get("last-event-id") or self.query.get("last_event_id") or ""
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= LARGEST_ID):
            raise bad_event_id()
        return int(text)


def cross_origin(request: Request, allowed: frozenset[str]) -> Headers:
    """The CORS headers of an answer to a page of an allowed origin."""
    origin = request.headers.get("origin", "")
    if origin not in allowed:
        return [(b"vary", b"Origin")]
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"access-control-allow-credentials", b"true"), (b"vary", b"Origin")]


async def answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """A whole answer at once."""
    sized = [*headers, (b"content-length", str(len(body)).encode())] if status != 204 else headers
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def answer_preflight(send: Send, headers: Headers) -> None:
    """What a browser asks before a page of another origin may send an Authorization header."""
    granted = [
        (b"access-control-allow-methods", b"GET"),
        (b"access-control-allow-headers", b"Authorization, Last-Event-ID, Cache-Control"),
        (b"access-control-max-age", b"600"),
    ]
    await answer(send, 204, b"", [*headers, *granted])


async def answer_refusal(send: Send, refused: Refused, headers: Headers) -> None:
    """The problem, as the API words it."""
    request_id = uuid.uuid4().hex
    body = frames.problem(refused.status, refused.code, refused.title, refused.detail, request_id)
    own = [(name.lower().encode(), value.encode()) for name, value in refused.headers.items()]
    named = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store"), (b"x-request-id", request_id.encode())]
    await answer(send, refused.status, body, [*headers, *own, *named])
