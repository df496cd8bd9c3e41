"""Writes the configuration of supervisord, which runs, restarts and stops the processes."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.messages import StartError
from embedded.ports import LOOPBACK
from embedded.programs import Program

# A process has to stay up this long to count as started; one that does not is tried again with growing pauses, some two minutes in all.
_START_SECONDS = 2
_START_RETRIES = 15

# What ends a value in supervisord's files: a new line, or the beginning of a comment. There is no way to quote them.
_UNQUOTABLE = ("\n", " ;", " #", "\t;", "\t#")


@dataclass(frozen=True)
class Group:
    """Programs that start and stop together. Groups start in the order given and stop in the reverse one."""

    name: str
    programs: Sequence[Program]
    starts_at_once: bool


def render_configuration(groups: Sequence[Group], *, folder: Path, logs: Path, user: str, port: int, password: str) -> str:
    """The text of supervisord.conf: its own files in `folder`, one log per program in `logs`, its control port on loopback.

    `user` is the account it runs under; naming it tells supervisord that running as root is meant.
    """
    sections = [
        _section(
            "supervisord",
            nodaemon="true",
            user=user,
            silent="true",
            logfile=folder / "supervisord.log",
            logfile_maxbytes=0,
            pidfile=folder / "supervisord.pid",
            childlogdir=folder,
            loglevel="info",
        ),
        _section("inet_http_server", port=f"{LOOPBACK}:{port}", username="serve", password=password),
        _section("rpcinterface:supervisor", **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}),
        _section("supervisorctl", serverurl=f"http://{LOOPBACK}:{port}", username="serve", password=password),
    ]
    for position, group in enumerate(group for group in groups if group.programs):
        names = ",".join(program.name for program in group.programs)
        sections.append(_section(f"group:{group.name}", programs=names, priority=position))
        sections += [_program_section(program, logs, group.starts_at_once) for program in group.programs]
    return "\n".join(sections)


def _program_section(program: Program, logs: Path, starts_at_once: bool) -> str:
    environment = ",".join(f'{name}="{value}"' for name, value in program.environment.items())
    return _section(
        f"program:{program.name}",
        command=shlex.join(program.command),
        directory=program.directory,
        **({"environment": environment} if environment else {}),
        autostart=str(starts_at_once).lower(),
        autorestart="true",
        startsecs=_START_SECONDS,
        startretries=_START_RETRIES,
        stopsignal=program.stop_signal.name.removeprefix("SIG"),
        stopwaitsecs=program.stop_seconds,
        # The program itself passes the request to end on to its children; only the killing is for all of them.
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=logs / f"{program.name}.log",
        stdout_logfile_maxbytes="10MB",
        stdout_logfile_backups=1,
    )


def _section(section_name: str, **settings: object) -> str:
    return "\n".join((f"[{section_name}]", *(f"{name}={_escape(str(value))}" for name, value in settings.items()), ""))


def _escape(value: str) -> str:
    if any(mark in value for mark in _UNQUOTABLE):
        raise StartError(f"The process manager cannot take this value, most likely a path: {value!r}. Move the checkout to a plainer one.")
    # supervisord expands %(name)s in every value.
    return value.replace("%", "%%")
