"""Conversations and notifications of the demo board as streams of packed rows, and the counters that follow from them.

A year of them, in the order in which they were written: at each moment the talk is mostly in the conversations that began lately, so a
conversation's messages lie among those of others, as they do in a table that grew.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from random import Random
from typing import Any

from app.core.time_ids import SEQUENCE_BITS
from app.demo.binary_copy import NULL, jsonb_field, microseconds, text_field
from app.demo.dice import Dice
from app.demo.tables import read_table

MESSAGE_COLUMNS = ("id", "created_at", "conversation_id", "sender_id", "content", "attachment_id")
NOTIFICATION_COLUMNS = ("id", "created_at", "user_id", "type", "level", "title", "message", "link", "data", "is_read")
# Of the year: how long a conversation goes on, thinning out.
LIFE = 1 / 12
VARIANTS = 2000
_KINDS = 256
_MESSAGE_HEAD = struct.Struct(">hiqiqiqiq")
_NOTIFICATION_HEAD = struct.Struct(">hiqiqiq")
_FALSE = struct.pack(">i?", 1, False)


@dataclass(frozen=True)
class Span:
    """Some of the rows, from number `first` to before `last` of `count`, whose ids are spread evenly from `low` to `high`."""

    first: int
    last: int
    count: int
    low: int
    high: int

    def ids(self) -> Iterator[int]:
        """One id a row, ascending, each of a millisecond that leaves room for 4,096."""
        step = (self.high - self.low) / self.count
        return (self.low + int(number * step) for number in range(self.first, self.last))


@dataclass
class Talks:
    """Conversations by number: who writes, from which id on, and what each side has read. `sides` holds two user ids a conversation."""

    first_id: int
    sides: "array[int]"
    opened: "array[int]" = field(default_factory=lambda: array("q"))
    last: "array[int]" = field(default_factory=lambda: array("q"))
    last_side: "array[int]" = field(default_factory=lambda: array("b"))
    run: "array[int]" = field(default_factory=lambda: array("i"))
    before_run: "array[int]" = field(default_factory=lambda: array("q"))

    def __post_init__(self) -> None:
        for each in (self.opened, self.last, self.last_side, self.run, self.before_run):
            each.frombytes(bytes(each.itemsize * len(self)))

    def __len__(self) -> int:
        return len(self.sides) // 2

    def rows(self, span: Span, seed: int) -> Iterator[bytes]:
        """The messages of a span as packed rows of MESSAGE_COLUMNS."""
        fraction, texts, pack = Random(f"messages:{seed}:{span.first}").random, _texts(seed), _MESSAGE_HEAD.pack
        total, window, first_id, sides = len(self), max(1, int(len(self) * LIFE)), self.first_id, self.sides
        opened, last, last_side, run, before_run = self.opened, self.last, self.last_side, self.run, self.before_run
        for number, message_id in enumerate(span.ids(), start=span.first):
            chance = fraction()
            talk = abs(number * total // span.count - int(window * chance * chance * chance))
            chance = fraction()
            if chance < 0.3:
                # Some talk more than others.
                talk -= talk & 3
            # Mostly the other side answers.
            side = last_side[talk] ^ (chance < 0.75)
            if side != last_side[talk] or not run[talk]:
                before_run[talk], run[talk], last_side[talk] = last[talk], 0, side
            if not opened[talk]:
                opened[talk] = message_id
            run[talk] += 1
            last[talk] = message_id
            sender = sides[2 * talk + side]
            yield pack(6, 8, message_id, 8, microseconds(message_id), 8, first_id + talk, 8, sender) + texts[side][int(chance * 1e6) % VARIANTS]

    def unread(self, talk: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Of both sides, how much is unread and up to where it has read: who wrote last has read all, of the others a third has not."""
        seen = (0, self.last[talk])
        behind = (self.run[talk], self.before_run[talk]) if talk % 3 == 0 else seen
        return (seen, behind) if self.last_side[talk] == 0 else (behind, seen)


@dataclass
class Inboxes:
    """Users by number, and what they have not read: each has read everything up to some day of the last tenth of the year."""

    users: "array[int]"
    read_up_to: "array[int]"
    unread: "array[int]" = field(default_factory=lambda: array("i"))

    def __post_init__(self) -> None:
        self.unread.frombytes(bytes(self.unread.itemsize * len(self.users)))

    def rows(self, span: Span, seed: int) -> Iterator[bytes]:
        """The notifications of a span as packed rows of NOTIFICATION_COLUMNS."""
        fraction, kinds, pack = Random(f"notifications:{seed}:{span.first}").random, _kinds(seed), _NOTIFICATION_HEAD.pack
        users, read_up_to, unread = self.users, self.read_up_to, self.unread
        for notification_id in span.ids():
            chance = fraction()
            user = int(chance * len(users))
            unread[user] += notification_id > read_up_to[user]
            yield pack(10, 8, notification_id, 8, microseconds(notification_id), 8, users[user]) + kinds[int(chance * 1e9) % _KINDS]


def _texts(seed: int) -> tuple[list[bytes], list[bytes]]:
    """What candidates and recruiters write, packed with the empty attachment that follows."""
    return _said(seed, "candidate"), _said(seed, "recruiter")


def _said(seed: int, side: str) -> list[bytes]:
    table, dice = read_table("chats")[side], Dice("chats", side, seed)
    whole = [" ".join(filter(None, parts)) for parts in product(("", *table["openings"]), table["bodies"], ("", *table["closings"]))]
    picked = dice.sample([said[0].upper() + said[1:] for said in whole], VARIANTS)
    return [text_field(picked[number % len(picked)]) + NULL for number in range(VARIANTS)]


def _kinds(seed: int) -> list[bytes]:
    rows: list[dict[str, Any]] = [row for row in read_table("chats")["notifications"] for _ in range(row["share"])]
    dice = Dice("notifications", seed)
    return [_kind(dice.pick(rows), number + 1) for number in range(_KINDS)]


def _kind(row: dict[str, Any], number: int) -> bytes:
    fields = [text_field(row[name].format(n=number)) for name in ("type", "level", "title", "message", "link")]
    return b"".join(fields) + jsonb_field(f'{{"{row["key"]}": {number}}}') + _FALSE


def bounds(count: int, low: int, high: int, edges: list[int]) -> list[Span]:
    """The rows of each month, given the ids at which the months after the first begin."""
    step = (high - low) / count
    places = [0, *(min(count, _first_at_least(edge, low, step)) for edge in edges), count]
    return [Span(first, last, count, low, high) for first, last in pairwise(places)]


def _first_at_least(edge: int, low: int, step: float) -> int:
    number = max(0, int((edge - low) / step) - 1)
    while low + int(number * step) < edge:
        number += 1
    return number


def spread(count: int, low: int, high: int) -> "array[int]":
    """Ids as read marks, one a user."""
    return array("q", (high - ((high - low) >> 3) * (number * 7919 % 997) // 997 >> SEQUENCE_BITS << SEQUENCE_BITS for number in range(count)))
