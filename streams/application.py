"""The ASGI application: the stream, and what monitors ask."""

import asyncio
import json
import time

from streams import frames, requests
from streams.feed import Feed
from streams.hub import Hub, Stream
from streams.identity import Identity, identify
from streams.limits import Limits
from streams.log import Away, Log
from streams.metrics import CONTENT_TYPE, exposition
from streams.pump import Pump
from streams.requests import Headers, Receive, Refused, Request, Scope, Send
from streams.resuming import begin

PATHS = frozenset({"/api/v1/events/stream", "/api/events/stream"})
_OPEN: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class Application:
    """`origins` are the pages' origins that may read with credentials."""

    def __init__(self, *, database_url: str, redis_url: str, secret: str, origins: frozenset[str], limits: Limits) -> None:
        self._secret, self._origins, self._limits = secret, origins, limits
        self.hub = Hub(limits)
        self.log = Log(database_url)
        self.feed = Feed(redis_url, limits, lambda people: self.pump.wake(people))
        self.pump = Pump(self.hub, self.log, limits, lambda: self.feed.is_live)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError("only HTTP is served")
        request = Request.of(scope)
        allowed = requests.cross_origin(request, self._origins)
        try:
            await self._answer(request, receive, send, allowed)
        except Refused as refused:
            await requests.answer_refusal(send, refused, allowed)

    async def _answer(self, request: Request, receive: Receive, send: Send, allowed: Headers) -> None:
        path = request.path.rstrip("/")
        if path in PATHS and request.method == "OPTIONS":
            await requests.answer_preflight(send, allowed)
        elif path in PATHS:
            await self._stream(request, receive, send, allowed)
        elif path == "/ready":
            await self._tell_ready(send)
        elif path == "/metrics":
            await requests.answer(send, 200, exposition(self.hub, self.feed, self.pump), [(b"content-type", CONTENT_TYPE)])
        else:
            raise requests.unknown_address()

    async def _tell_ready(self, send: Send) -> None:
        """Without Redis or the relay events come later; without PostgreSQL none come."""
        state = {"postgresql": "ok" if self.pump.is_reading else "away", "relay": "ok" if self.feed.is_live else "away"}
        serves = self.pump.is_reading and not self.hub.is_leaving
        await requests.answer(send, 200 if serves else 503, json.dumps(state).encode(), [(b"content-type", b"application/json")])

    async def _stream(self, request: Request, receive: Receive, send: Send, allowed: Headers) -> None:
        if request.method != "GET":
            raise requests.wrong_method()
        wanted = request.last_event_id
        who = identify(request.headers, request.query, self._secret)
        if who is None:
            raise requests.unauthorized()
        stream, resumed = await self._admit(who, wanted)
        watcher = asyncio.create_task(_watch(receive, stream))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_OPEN, *allowed]})
            await self._send(send, frames.ready(stream.position, resumed=resumed))
            await self._carry(stream, send)
        except TimeoutError:
            stream.end("slow")
        finally:
            watcher.cancel()
            self.hub.leave(stream)

    async def _admit(self, who: Identity, wanted: int | None) -> tuple[Stream, bool]:
        """The person's new stream, and whether it goes on from the id that was `wanted`. Raises Refused."""
        if self.hub.is_full or self.hub.is_leaving:
            raise requests.unavailable("There are too many streams, or this process is about to end.")
        try:
            newest = await self.log.admit(who)
        except Away as error:
            raise requests.unavailable("The database does not answer.") from error
        if newest is None:
            raise requests.unauthorized()
        position, resumed = begin(newest, wanted, time.time())
        stream = Stream(who, position)
        self.hub.join(stream)
        # What was committed since the question was answered had nobody to wake.
        self.pump.wake([who.user_id])
        return stream, resumed

    async def _carry(self, stream: Stream, send: Send) -> None:
        """Send what is put into the stream, and a sign of life when nothing is, until the stream ends."""
        while stream.ended is None:
            try:
                async with asyncio.timeout(self._limits.heartbeat):
                    await stream.wake.wait()
            except TimeoutError:
                await self._send(send, frames.HEARTBEAT)
                continue
            stream.wake.clear()
            was_full = not stream.has_room(self._limits.buffer)
            if chunk := stream.take():
                await self._send(send, chunk)
            if was_full:
                self.pump.wake([stream.user_id])
        if stream.ended != "gone":
            await self._send(send, frames.farewell(stream.ended), more=False)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError when the client does not take it."""
        async with asyncio.timeout(self._limits.slow_send):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _watch(receive: Receive, stream: Stream) -> None:
    """End the stream when the client goes."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end("gone")
