"""Server-Sent Events as bytes (WHATWG HTML, section 9.2)."""

import json
import random

HEARTBEAT = b":\n\n"

# How many milliseconds a client waits before it comes back, drawn from a range so that not all come at once.
_AFTER_A_CUT = (2_000, 6_000)
_AFTER_A_RESTART = (1_000, 10_000)
_UNWANTED = (300_000, 600_000)
_AFTER = {"restart": _AFTER_A_RESTART, "displaced": _UNWANTED, "signed_out": _UNWANTED}


def event(event_id: int, name: str, data: str) -> bytes:
    """One event. `data` is JSON as PostgreSQL writes it, in which line breaks are escaped; a name is an identifier (see app.events)."""
    return f"id: {event_id}\nevent: {name}\ndata: {data}\n\n".encode()


def ready(event_id: int, *, resumed: bool) -> bytes:
    """The first frame. `resumed` tells that nothing was missed since the id that the client sent; otherwise it has to load what it shows."""
    return _retry(_AFTER_A_CUT) + event(event_id, "ready", json.dumps({"resumed": resumed}))


def farewell(reason: str) -> bytes:
    """The last frame: why, and how long to wait."""
    return _retry(_AFTER.get(reason, _AFTER_A_CUT)) + f"event: bye\ndata: {json.dumps({'reason': reason})}\n\n".encode()


def _retry(between: tuple[int, int]) -> bytes:
    return f"retry: {random.randint(*between)}\n".encode()


def problem(status: int, code: str, title: str, detail: str, request_id: str) -> bytes:
    """An error as the API words it (RFC 9457)."""
    members = {
        "type": f"urn:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    return json.dumps(members).encode()
