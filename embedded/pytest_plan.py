"""How the arguments of bin/test become runs of pytest: first the parallel tests, then those marked `serial`, alone."""

from collections.abc import Sequence
from dataclasses import dataclass

# Exit statuses of pytest (pytest.ExitCode), which is not imported here: it would be loaded for its numbers only.
PASSED, FAILED, INTERRUPTED, USAGE_ERROR, NO_TESTS = 0, 1, 2, 4, 5

_PROCESSES = "2"
_STOP_EARLY = ("-x", "--exitfirst")


@dataclass(frozen=True)
class Plan:
    """`runs` are the argument lists of pytest, one after the other; with `stops_early` a failing run is the last."""

    runs: tuple[tuple[str, ...], ...]
    stops_early: bool


def plan(arguments: Sequence[str]) -> Plan:
    """Split into two runs, unless the caller asked for one process: then one run in the order of the files."""
    stops_early = any(argument in _STOP_EARLY or argument.startswith("--maxfail") for argument in arguments)
    processes = _value(arguments, "-n", "--numprocesses")
    if processes == "0" or _value(arguments, "-p") == "no:xdist" or "--pdb" in arguments:
        return Plan((tuple(arguments),), stops_early)
    expression, others = _without_marker(arguments)
    parallel = ("-n", _PROCESSES) if processes is None else ()
    return Plan(
        (
            (*parallel, *others, "-m", _both(expression, "not serial")),
            (*others, "-n", "0", "-m", _both(expression, "serial")),
        ),
        stops_early,
    )


def is_last(status: int, stops_early: bool) -> bool:
    """Whether no further run makes sense after one that ended with `status`."""
    return status not in {PASSED, FAILED, NO_TESTS} or (status == FAILED and stops_early)


def combined(statuses: Sequence[int]) -> int:
    """One exit status for all runs: the first that is not a success. A run that found no test does not matter if another did."""
    ran = [status for status in statuses if status != NO_TESTS]
    if not ran:
        return NO_TESTS
    return next((status for status in ran if status != PASSED), PASSED)


def _value(arguments: Sequence[str], *names: str) -> str | None:
    """The last value given to an option as `-n 4`, `-n4`, `--name 4` or `--name=4`; None when it is not given."""
    value = None
    for position, argument in enumerate(arguments):
        for name in names:
            if argument == name:
                value = arguments[position + 1] if position + 1 < len(arguments) else ""
            elif name.startswith("--") and argument.startswith(f"{name}="):
                value = argument.removeprefix(f"{name}=")
            elif not name.startswith("--") and argument.startswith(name) and not argument.startswith("--"):
                value = argument.removeprefix(name)
    return value


def _without_marker(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The caller's `-m` expression, and the other arguments: pytest would let the last `-m` win."""
    expression, others, rest = None, [], iter(arguments)
    for argument in rest:
        if argument == "-m":
            expression = next(rest, "")
        elif argument.startswith("-m") and not argument.startswith("--"):
            expression = argument.removeprefix("-m").removeprefix("=")
        else:
            others.append(argument)
    return expression, others


def _both(expression: str | None, condition: str) -> str:
    return f"({expression}) and {condition}" if expression else condition
