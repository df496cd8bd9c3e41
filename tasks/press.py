"""The pdf worker's presses: one foreman for the worker, one press for each of its children; and what their failures mean for a task."""

import atexit
import os
from functools import partial
from typing import Any

import structlog
from celery.signals import celeryd_init, worker_init, worker_process_init

from app.core.press.client import Limits, Press
from app.core.press.errors import OutOfMemory, OutOfTime, PressLost, Refusal
from app.core.press.room import Room
from tasks.base import Permanent, Transient, celery, settings

log = structlog.get_logger()

QUEUE = "pdf"
MODULES = ("app.core.printing.jobs", "app.resumes.rendering.jobs")

# A résumé of 20 pages, the longest that is printed, takes some 1.3 seconds of a processor.
PROCESSOR_SECONDS = 20
# On a machine with more to do. It ends before the task's own limit, which would take this process along and with it the reason.
SECONDS = 35

_open_room = partial(Room, MODULES)
_room: Room | None = None
_press: tuple[int, Press] | None = None


def press() -> Press:
    """This process's press; its children have their own."""
    global _room, _press
    if _press is None or _press[0] != os.getpid():
        _room = _room or _open_room()
        _press = (os.getpid(), Press(_room, _open_room, Limits(memory_bytes=settings.pdf_memory_bytes)))
    return _press[1]


@atexit.register
def close() -> None:
    """Leave no press and no foreman behind when this process ends of itself; should it be killed, they end by the closing of its sockets."""
    global _room, _press
    if _press is not None and _press[0] == os.getpid():
        _press[1].close()
    elif _room is not None:
        _room.close()
    _room = _press = None


def do(job: str, *arguments: Any, what: str) -> list[bytes]:
    """The parts of what a press makes, by the name of the job; `what` names for people what is printed.

    Raises Permanent with a sentence for the owner when it is the content's fault, Transient when another attempt may succeed.
    """
    try:
        return press().do(job, *arguments, processor_seconds=PROCESSOR_SECONDS, seconds=SECONDS)
    except Refusal as error:
        raise Permanent(error.reason) from error
    except OutOfMemory as error:
        raise Permanent(f"{what} takes too much memory to print. Shorten the longest texts and try again.") from error
    except OutOfTime as error:
        raise Permanent(f"{what} takes too long to print. Shorten the longest texts and try again.") from error
    except PressLost as error:
        log.warning("press_lost", reason=str(error))
        raise Transient(f"{what} could not be printed because the printing program was interrupted. Please try again later.") from error


@celeryd_init.connect
def configure_pdf_worker(conf: Any, options: dict[str, Any], **_: object) -> None:
    """Cap how many children a worker has that is started for the pdf queue, unless `-c` says so."""
    queues = options.get("queues") or ()
    chosen = queues.split(",") if isinstance(queues, str) else list(queues)
    if chosen == [QUEUE]:
        conf.worker_concurrency = settings.pdf_concurrency


@worker_init.connect
def open_room(**_: object) -> None:
    """Start the foreman before the children are forked, and say what operators should know of it."""
    global _room
    if consumes_pdf():
        _room = _open_room()
        describe(_room.facts)


@worker_process_init.connect
def start_press(**_: object) -> None:
    """Have a press ready before the first task comes."""
    if consumes_pdf():
        press().start()
        log.info("press_started", walls=press().walls)
        if "hook" in press().walls:
            log.warning("press_walls_weak", hint="Neither network namespaces nor seccomp can be used here; see docs/printing.md.")


def describe(facts: dict[str, Any]) -> None:
    """Note in the log how the engines are, and warn when they are slow."""
    log.info("presses_open", **facts)
    if not facts["has_fast_subsetting"]:
        log.warning("pdf_subsetting_slow", hint="Install libharfbuzz-subset0 (Debian, Ubuntu); PDFs take about twice the time without it.")


def consumes_pdf() -> bool:
    """Whether this worker was started for the pdf queue, among others or alone."""
    return QUEUE in celery.amqp.queues.consume_from
