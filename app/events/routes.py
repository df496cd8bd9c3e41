"""`/events/`: opening a stream of what happens to the signed-in user. The stream itself is served by `streams`."""

from apiflask import APIBlueprint
from flask import Response

from app.core.auth import current_actor, require
from app.core.contract import returns, returns_file
from app.core.identity import current_identity
from app.core.problems import Unauthorized
from app.events.errors import StreamIsElsewhere
from app.events.schemas import StreamToken
from app.events.tokens import stream_token
from streams.protocol import STREAM_TOKEN_SECONDS

blp = APIBlueprint("events", __name__, tag="Live events")


@blp.post("/events/token/")
@require()
@returns(StreamToken)
def make_token() -> StreamToken:
    """A short-lived token for `GET /events/stream?token=`, for a page that can send neither its cookie nor a header."""
    current_actor()
    identity = current_identity()
    if identity is None:
        raise Unauthorized
    return StreamToken(token=stream_token(identity), expires_in=STREAM_TOKEN_SECONDS)


@blp.get("/events/stream/")
@require()
@returns_file("text/event-stream")
def open_stream() -> Response:
    """Server-Sent Events, as they happen: `notification`, `notification_read`, `notifications_read`, `message`, `conversation_read`, `unread`.

    The first event is `ready`: `{"resumed": true}` after a `Last-Event-ID` (or `?last_event_id=`) from which nothing was missed, otherwise
    load what you show. `bye` comes last, with a reason. A comment comes every 15 s when nothing happens.
    """
    raise StreamIsElsewhere
