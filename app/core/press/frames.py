"""What goes over the wire between a worker and its press: lengths, then bytes.

A worker's orders are pickled, since it is the one that is trusted. Nothing that a press sends is ever unpickled: one whose engine was
taken over can answer with wrong bytes, and with nothing else.
"""

import os
import pickle
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

_LENGTH = struct.Struct("!Q")
_HEAD = struct.Struct("!BBQ")

MOST_BYTES = 256 << 20


class Kind(IntEnum):
    """How a job ended. All but DONE carry one part: a sentence."""

    DONE = 1
    REFUSED = 2
    OUT_OF_MEMORY = 3
    FAULT = 4


class Order(NamedTuple):
    """One job: its name, its arguments, and the seconds that it may take, of the processor and by the clock."""

    job: str
    arguments: tuple[Any, ...]
    processor_seconds: float
    seconds: float


def packed_order(order: Order) -> bytes:
    """An order as it is sent."""
    body = pickle.dumps(tuple(order), protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def read_order(descriptor: int) -> Order | None:
    """The next order, or None when the worker has gone."""
    head = _read(descriptor, _LENGTH.size)
    if head is None:
        return None
    body = _read(descriptor, _LENGTH.unpack(head)[0])
    # Only the worker that started this process can write here.
    return Order(*pickle.loads(body)) if body is not None else None  # noqa: S301


def write_answer(descriptor: int, kind: Kind, parts: Sequence[bytes], *, is_last: bool) -> None:
    """Send how a job ended; `is_last` says that this press takes no more."""
    body = b"".join(_LENGTH.pack(len(part)) + part for part in parts)
    _write(descriptor, _HEAD.pack(kind, is_last, len(body)) + body)


class Answer(NamedTuple):
    """How a job ended, what came of it, and whether the press takes another one."""

    kind: Kind
    parts: list[bytes]
    is_last: bool


class AnswerReader:
    """Puts an answer together from what has arrived so far. Raises ValueError when it cannot be one."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Answer | None:
        """The answer once it is complete."""
        self._received += data
        if len(self._received) < _HEAD.size:
            return None
        kind, is_last, length = _HEAD.unpack_from(self._received)
        if length > MOST_BYTES:
            raise ValueError(f"an answer of {length:,} bytes")
        if len(self._received) < _HEAD.size + length:
            return None
        return Answer(Kind(kind), _parts(memoryview(self._received)[_HEAD.size :]), bool(is_last))


def _parts(body: memoryview) -> list[bytes]:
    parts, place = [], 0
    while place < len(body):
        if place + _LENGTH.size > len(body):
            raise ValueError("a part without its length")
        length = _LENGTH.unpack_from(body, place)[0]
        place += _LENGTH.size
        if place + length > len(body):
            raise ValueError("a part that is cut short")
        parts.append(bytes(body[place : place + length]))
        place += length
    return parts


def _read(descriptor: int, length: int) -> bytes | None:
    received = bytearray()
    while len(received) < length:
        data = os.read(descriptor, min(length - len(received), 1 << 20))
        if not data:
            return None
        received += data
    return bytes(received)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
