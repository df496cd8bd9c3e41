"""A worker child's press: it is started before it is needed, replaced when it ends, and killed when it takes too long."""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from app.core.press.errors import JobFault, OutOfMemory, OutOfTime, PressFailure, PressLost, Refusal
from app.core.press.frames import Answer, AnswerReader, Kind, Order, packed_order
from app.core.press.room import Room
from app.core.press.work import NO_MEMORY

# How long the foreman may take to say how a press ended, and a press to be sealed.
_PATIENCE = 20.0

# How much later than the worker's own the press's clock runs out, should the worker be gone or stopped by then.
_RESERVE = 5.0


@dataclass(frozen=True)
class Limits:
    """What a press may take: bytes of address space, and the jobs and bytes of resident memory after which it is replaced by a fresh one."""

    memory_bytes: int
    retire_after: int = 200
    retire_bytes: int = 140 << 20


class Press:
    """One press at a time, of the foreman in `room`; a new one whenever the last has ended. For one thread of one process.

    A foreman that is gone or silent is replaced by one that `open_room` starts.
    """

    def __init__(self, room: Room, open_room: Callable[[], Room], limits: Limits) -> None:
        self._room = room
        self._open_room = open_room
        self._limits = limits
        self._work: socket.socket | None = None
        self._fate: socket.socket | None = None
        self.walls: tuple[str, ...] = ()
        self.pid = 0

    def start(self) -> None:
        """Have a press ready, unless there is one. Raises PressLost."""
        self._started()

    def do(self, job: str, *arguments: Any, processor_seconds: float, seconds: float) -> list[bytes]:
        """The parts of what a job gives.

        Raises Refusal with the job's own reason, OutOfMemory, OutOfTime, JobFault, and PressLost when the press ends for another reason,
        among them that it has not answered within `seconds`: it is killed then.
        """
        work = self._started()
        order = packed_order(Order(job, arguments, processor_seconds, seconds + _RESERVE))
        try:
            work.settimeout(_PATIENCE)
            work.sendall(order)
        except OSError as error:
            raise self._how_it_ended() from error
        answer = self._answer(work, seconds)
        if answer.is_last:
            self.end()
        return _result(answer)

    def end(self) -> None:
        """Have no press; the foreman kills one that still runs."""
        for end in (self._work, self._fate):
            if end is not None:
                end.close()
        self._work = self._fate = None

    def close(self) -> None:
        """Have no press, and let go of the foreman."""
        self.end()
        self._room.close()

    def _started(self) -> socket.socket:
        if self._work is not None:
            return self._work
        try:
            return self._order()
        except PressLost:
            self._room.close()
            self._room = self._open_room()
            return self._order()

    def _order(self) -> socket.socket:
        work, fate = self._work, self._fate = self._room.order_press(asdict(self._limits))
        answer = self._answer(work, _PATIENCE)
        self.walls = tuple(part.decode() for part in answer.parts)
        self.pid = self._pid_of(fate)
        return work

    def _pid_of(self, fate: socket.socket) -> int:
        """Which process the press is, as its foreman says; it is gone if this raises."""
        fate.settimeout(_PATIENCE)
        try:
            return int(fate.recv(64).split()[1])
        except (OSError, IndexError) as error:
            self.end()
            raise PressLost("The foreman of the presses is gone.") from error

    def _answer(self, work: socket.socket, seconds: float) -> Answer:
        """What the press says within `seconds`; it is gone if this raises."""
        reader, deadline = AnswerReader(), time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            work.settimeout(left)
            try:
                data = work.recv(1 << 20)
                answer = reader.feed(data)
            except TimeoutError:
                break
            except ConnectionError:
                data, answer = b"", None
            except ValueError as error:
                self.end()
                raise PressLost(f"The press gave no answer that can be read: {error}.") from error
            if answer is not None:
                return answer
            if not data:
                raise self._how_it_ended()
        self.end()
        raise PressLost(f"The press was killed after {seconds:.0f} seconds: the machine is too busy.")

    def _how_it_ended(self) -> PressFailure:
        """What the foreman says of a press that has ended."""
        said = self._last_words()
        self.end()
        code = int(said.rpartition("ended ")[2]) if "ended " in said else None
        if code == -signal.SIGPROF:
            return OutOfTime()
        if code == NO_MEMORY:
            return OutOfMemory()
        return PressLost(f"The press ended with status {code}." if code is not None else "The press could not be started.")

    def _last_words(self) -> str:
        said, fate = "", self._fate
        if fate is None:
            return said
        fate.settimeout(_PATIENCE)
        with suppress(OSError):
            while data := fate.recv(256):
                said += data.decode()
        return said


def _result(answer: Answer) -> list[bytes]:
    sentence = answer.parts[0].decode(errors="replace") if answer.parts else ""
    match answer.kind:
        case Kind.DONE:
            return answer.parts
        case Kind.REFUSED:
            raise Refusal(sentence)
        case Kind.OUT_OF_MEMORY:
            raise OutOfMemory
        case Kind.FAULT:
            raise JobFault(sentence)
