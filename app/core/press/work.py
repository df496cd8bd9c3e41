"""A press at work: sealed, then one job after the other until its worker goes, or it has served or grown enough."""

import gc
import os
import signal
from collections.abc import Sequence
from typing import Any

from app.core.press.errors import Refusal
from app.core.press.frames import Kind, Order, read_order, write_answer
from app.core.press.jobs import Jobs
from app.core.press.sealing import open_account, resident_bytes, seal
from app.core.press.stack import in_one_piece

# Statuses with which a press ends; any other is a crash.
RETIRED, NO_MEMORY = 0, 71


def serve(work: int, jobs: Jobs, limits: dict[str, Any], *, has_left_network: bool) -> int:
    """Do what is ordered on the socket `work`; the status to end with.

    `limits`: `memory_bytes` of address space, and what ends a press after a job: `retire_after` jobs, `retire_bytes` of resident memory.
    """
    # A job that is over its time ends the process by the kernel's own hand, which no exception handler of an engine can swallow.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    jobs.start()
    account = open_account()
    walls = seal(memory_bytes=limits["memory_bytes"], has_left_network=has_left_network)
    write_answer(work, Kind.DONE, [wall.encode() for wall in walls], is_last=False)
    for served in range(1, limits["retire_after"] + 1):
        order = read_order(work)
        if order is None:
            break
        kind, parts = _do(jobs, order)
        has_grown = resident_bytes(account) > limits["retire_bytes"]
        is_last = kind in (Kind.OUT_OF_MEMORY, Kind.FAULT) or served == limits["retire_after"] or has_grown
        write_answer(work, kind, parts, is_last=is_last)
        if is_last:
            break
        del parts, order
    return RETIRED


def _do(jobs: Jobs, order: Order) -> tuple[Kind, Sequence[bytes]]:
    signal.setitimer(signal.ITIMER_PROF, order.processor_seconds)
    signal.setitimer(signal.ITIMER_REAL, order.seconds)
    try:
        return Kind.DONE, in_one_piece(jobs.do, order.job, order.arguments)
    except Refusal as refusal:
        return Kind.REFUSED, [refusal.reason.encode()]
    except (MemoryError, SystemError):
        # At its limit CPython may also lose the exception itself, which it reports as a SystemError.
        return _out_of_memory()
    except Exception as error:
        return Kind.FAULT, [f"{type(error).__name__}: {error}"[:500].encode(errors="replace")]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _out_of_memory() -> tuple[Kind, Sequence[bytes]]:
    try:
        gc.collect()
    except MemoryError:
        os._exit(NO_MEMORY)
    return Kind.OUT_OF_MEMORY, []
