"""The configuration of supervisord and the words for what it reports."""

import configparser
import shlex
import signal
from pathlib import Path

import pytest

from embedded.app_programs import WORKERS, Addresses, app_programs
from embedded.messages import StartError
from embedded.programs import Program
from embedded.supervision import describe
from embedded.supervisor_configuration import Group, render_configuration

ADDRESSES = Addresses(host="127.0.0.1", port=8000, flower_port=5555)


def configuration(*groups: Group) -> configparser.RawConfigParser:
    text = render_configuration(groups, folder=Path("/v/run"), logs=Path("/v/log"), user="ann", port=1234, password="secret")
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return parser


def test_every_program_becomes_a_section_of_its_group() -> None:
    server = Program("postgres", ("postgres", "-c", "x=a b"), Path("/v/pg"), signal.SIGINT, stop_seconds=6)
    worker = Program("worker", ("python", "-n", "pdf@%h"), Path("/c"), environment={"REMAP_SIGTERM": "SIGQUIT"})

    parsed = configuration(Group("backends", [server], starts_at_once=True), Group("app", [worker], starts_at_once=False))

    assert dict(parsed["group:backends"]) == {"programs": "postgres", "priority": "0"}
    assert dict(parsed["group:app"]) == {"programs": "worker", "priority": "1"}
    postgres = parsed["program:postgres"]
    assert shlex.split(postgres["command"]) == ["postgres", "-c", "x=a b"]
    assert (postgres["directory"], postgres["stopsignal"], postgres["stopwaitsecs"], postgres["autostart"]) == ("/v/pg", "INT", "6", "true")
    assert parsed["program:worker"]["command"] == "python -n pdf@%%h"
    assert parsed["program:worker"]["environment"] == 'REMAP_SIGTERM="SIGQUIT"'
    assert parsed["program:worker"]["autostart"] == "false"


@pytest.mark.parametrize("folder", ["/a #1", "/a ;b", "/a\nb"])
def test_a_path_that_cannot_be_written_down_is_refused(folder: str) -> None:
    with pytest.raises(StartError, match="most likely a path"):
        configuration(Group("app", [Program("api", ("true",), Path(folder))], starts_at_once=True))


def test_a_group_without_programs_is_left_out() -> None:
    parsed = configuration(Group("backends", [], starts_at_once=True), Group("app", [Program("api", ("true",), Path("/c"))], starts_at_once=False))

    assert not parsed.has_section("group:backends")
    assert parsed["group:app"]["priority"] == "0"


def test_the_control_port_is_on_loopback_behind_the_password() -> None:
    server = configuration()["inet_http_server"]

    assert dict(server) == {"port": "127.0.0.1:1234", "username": "serve", "password": "secret"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "2026-11-23 21:43:14,021 WARN exited: api (terminated by SIGKILL; not expected)\n",
            "api ended (terminated by SIGKILL) and is being restarted",
        ),
        ("2026-11-23 21:43:14,021 INFO exited: beat (exit status 0; expected)", "beat ended (exit status 0) and is being restarted"),
        (
            "2026-11-23 21:43:14,021 INFO gave up: relay entered FATAL state, too many start retries too quickly",
            "relay keeps failing and is not restarted any more; see /v/log/relay.log",
        ),
        ("2026-11-23 21:43:14,021 WARN killing 'worker-pdf' (123) with SIGKILL", "worker-pdf did not stop in time and is killed"),
        ("2026-11-23 21:43:14,021 INFO spawned: 'api' with pid 123", None),
        ("2026-11-23 21:43:14,021 WARN stopped: api (exit status 0)", None),
    ],
)
def test_only_what_a_person_should_hear_of_is_said(line: str, expected: str | None) -> None:
    assert describe(line, Path("/v/log")) == expected


def test_one_worker_is_started_for_each_queue() -> None:
    programs = app_programs(Path("/c"), Path("/c/var"), ADDRESSES, {"PDF_CONCURRENCY": "3"})

    commands = {program.name: program.command for program in programs}
    queues = {command[command.index("-Q") + 1]: command[command.index("-c") + 1] for command in commands.values() if "-Q" in command}
    assert queues == {"pdf": "3", "search": "2", "payments": "2", "default": "4", "maintenance": "1"}
    assert set(queues) == set(WORKERS)
    assert set(commands) == {"api", "relay", "beat", "flower", *(f"worker-{queue}" for queue in queues)}


def test_back_ends_have_time_to_stop_after_the_board() -> None:
    programs = app_programs(Path("/c"), Path("/c/var"), ADDRESSES, {})

    assert max(program.stop_seconds for program in programs) + 6 <= 21


@pytest.mark.parametrize(("variables", "is_read_only"), [({}, True), ({"FLOWER_BASIC_AUTH": ""}, True), ({"FLOWER_BASIC_AUTH": "a:b"}, False)])
def test_flower_without_a_password_only_shows(variables: dict[str, str], is_read_only: bool) -> None:
    programs = app_programs(Path("/c"), Path("/c/var"), ADDRESSES, variables)

    flower = next(program for program in programs if program.name == "flower")
    assert ("--read-only" in flower.command) is is_read_only
    assert "--address=127.0.0.1" in flower.command
