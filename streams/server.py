"""Running the application on a port until SIGTERM or SIGINT."""

import asyncio
import resource
import signal

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from streams.application import Application
from streams.limits import Limits

log = structlog.get_logger()

# Accepted connections that wait; after a restart everybody comes back within seconds.
_BACKLOG = 2048
# A connection each, and some for the back ends.
_SPARE_FILES = 200


async def serve(application: Application, host: str, port: int, limits: Limits) -> None:
    """Serve until a signal; then tell every client when to come back, and end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # One process that owns its signals: granian's own launcher would wait for streams that nobody tells to end.
    server = Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        backlog=_BACKLOG,
        backpressure=2 * limits.at_once,
        websockets=False,
        log_enabled=False,
    )
    log.info("streams_listening", host=host, port=port)
    async with application.log.opened(), asyncio.TaskGroup() as group:
        background = [group.create_task(run()) for run in (application.feed.run, application.pump.run_news, application.pump.run_checks)]
        serving = group.create_task(server.serve())
        await _first(serving, group.create_task(stopping.wait()))
        await _say_farewell(application, limits)
        server.stop()
        for task in background:
            task.cancel()
        stopping.set()


async def _first(*tasks: asyncio.Task[object]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def _say_farewell(application: Application, limits: Limits) -> None:
    """Give every client its last frame, and those that do not take it no more than `farewell` seconds."""
    log.info("streams_leaving", open=application.hub.count)
    application.hub.end_all()
    deadline = asyncio.get_running_loop().time() + limits.farewell
    while application.hub.count and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)


def allow_files(limits: Limits) -> None:
    """Raise this process's own limit on open files as far as needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = limits.at_once + _SPARE_FILES
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
