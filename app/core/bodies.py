"""Reading what is left of a request's body before it is answered.

Much is answered without a look at the body: a token that has expired, a file that is announced as too large. A server closes such a connection
on what still arrives, and a proxy that is cut off in the middle of sending may never see the answer: its client would get a 503 for our 401 or 413.
"""

from contextlib import suppress

from flask import Flask, Response, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

CHUNK = 64 * 1024
# Whoever sends more than that is cut off after all.
MOST_BYTES = 64 * 1024 * 1024


def register(app: Flask) -> None:
    """Read the rest of every body that a view has left."""
    app.after_request(_read_rest)


def _read_rest(response: Response) -> Response:
    is_begun = "stream" in request.__dict__
    if not request.content_length or ("Expect" in request.headers and not is_begun):
        # Whoever asks first (RFC 9110, 10.1.1) sends nothing after a refusal.
        return response
    # What the view has begun to read is the request's own stream, which knows how far it came; it is made at the first look.
    left = request.stream if is_begun else get_input_stream(request.environ)
    read = 0
    # A client that has gone away meanwhile misses nothing.
    with suppress(ClientDisconnected, OSError):
        while read < MOST_BYTES and (chunk := left.read(CHUNK)):
            read += len(chunk)
    return response
