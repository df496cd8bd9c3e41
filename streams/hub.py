"""The open streams of this process, and what waits for each to be taken."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from streams import frames
from streams.identity import Identity
from streams.limits import Limits
from streams.log import Row


class Stream:
    """One client. `position` is the last event that was put into its buffer; `ended` says why it ends, once it does."""

    __slots__ = ("_chunks", "_size", "ended", "family", "position", "user_id", "wake")

    def __init__(self, who: Identity, position: int) -> None:
        self.user_id, self.family, self.position = who.user_id, who.family, position
        self.wake = asyncio.Event()
        self.ended: str | None = None
        self._chunks: list[bytes] = []
        self._size = 0

    def put(self, row: Row) -> None:
        """Append an event."""
        chunk = frames.event(row.id, row.type, row.data)
        self.position = row.id
        self._chunks.append(chunk)
        self._size += len(chunk)
        self.wake.set()

    def take(self) -> bytes:
        """Everything that waits."""
        taken = b"".join(self._chunks)
        self._chunks, self._size = [], 0
        return taken

    def has_room(self, buffer: int) -> bool:
        """Whether less than `buffer` bytes wait."""
        return self._size < buffer

    def end(self, reason: str) -> None:
        """Let the client go; the first reason stays."""
        self.ended = self.ended or reason
        self.wake.set()


@dataclass(frozen=True)
class Asked:
    """The streams of one person that an answer is for, and the id after which it begins."""

    after: int
    streams: Sequence[Stream]


class Hub:
    """Streams by person. `ended` counts the reasons, `sent` the events put into buffers."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_person: dict[int, list[Stream]] = {}
        self.is_leaving = False
        self.count, self.sent = 0, 0
        self.ended: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        return self.count >= self._limits.at_once

    @property
    def people(self) -> Iterable[int]:
        return self._by_person.keys()

    def join(self, stream: Stream) -> None:
        """Add a stream. Above the cap of a person the oldest one goes: it may well be a connection that died unseen."""
        streams = self._by_person.setdefault(stream.user_id, [])
        streams.append(stream)
        self.count += 1
        for displaced in streams[: -self._limits.per_person]:
            displaced.end("displaced")

    def leave(self, stream: Stream) -> None:
        """Remove a stream whose connection is over."""
        streams = self._by_person[stream.user_id]
        streams.remove(stream)
        if not streams:
            del self._by_person[stream.user_id]
        self.count -= 1
        self.ended[stream.ended or "gone"] += 1

    def ask(self, people: Iterable[int]) -> dict[int, Asked]:
        """What to read for those of `people` who have a stream with room: everything after the one that is furthest behind."""
        asked: dict[int, Asked] = {}
        for person in people:
            ready = [stream for stream in self._by_person.get(person, ()) if not stream.ended and stream.has_room(self._limits.buffer)]
            if ready:
                asked[person] = Asked(min(stream.position for stream in ready), ready)
        return asked

    def deliver(self, asked: dict[int, Asked], rows: Iterable[Row]) -> None:
        """Hand each row to those streams which it was read for and who have not had it.

        A stream that joined or found room meanwhile waits for the next answer: this one may begin after what it needs. One whose buffer
        is full keeps its position, and reads on when it has been emptied.
        """
        for row in rows:
            for stream in asked[row.user_id].streams:
                if row.id > stream.position and stream.has_room(self._limits.buffer):
                    stream.put(row)
                    self.sent += 1

    def families(self) -> set[UUID]:
        """The sign-ins that have a stream."""
        return {stream.family for streams in self._by_person.values() for stream in streams}

    def end_where_not(self, alive: set[UUID], asked: set[UUID]) -> None:
        """End the streams of those sign-ins which were asked about and are not alive."""
        for streams in self._by_person.values():
            for stream in streams:
                if stream.family in asked and stream.family not in alive:
                    stream.end("signed_out")

    def end_all(self) -> None:
        """Send everybody away, and take nobody new."""
        self.is_leaving = True
        for streams in self._by_person.values():
            for stream in streams:
                stream.end("restart")
