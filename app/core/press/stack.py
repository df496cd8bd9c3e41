"""Room on the interpreter's stack.

CPython 3.11 and newer keep the frames of Python functions in pieces of 16 KiB. A piece is mapped when the one before it is full, and given
back as soon as the last frame in it ends (`push_chunk` and `_PyThreadState_PopFrame` in Python/pystate.c). A loop that happens to call
across the end of a piece therefore maps and unmaps memory with every call: some 3,000 times for a résumé of four pages, a twelfth to a
sixth of its time. Which loop that is depends on how deep its caller stands.
"""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

# In words. A frame larger than a piece gets a piece of its own, whose size is the next power of two: here 1 MiB, of which half is left for
# the frames above it, more than the 1,000 calls take that Python allows. None of it is in RAM before it is used.
_FRAME_SIZE = 66_000


def in_one_piece(job: Callable[..., T], *arguments: Any) -> T:
    """What `job` returns or raises, with the frames of all that it calls in one piece of the stack."""
    return job(*arguments)


in_one_piece.__code__ = in_one_piece.__code__.replace(co_stacksize=_FRAME_SIZE)
