"""How bin/test splits its arguments into runs of pytest."""

import pytest

from embedded.pytest_plan import FAILED, INTERRUPTED, NO_TESTS, PASSED, USAGE_ERROR, Plan, combined, is_last, plan


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], [("-n", "2", "-m", "not serial"), ("-n", "0", "-m", "serial")]),
        (["tests/a.py::test_b"], [("-n", "2", "tests/a.py::test_b", "-m", "not serial"), ("tests/a.py::test_b", "-n", "0", "-m", "serial")]),
        (["-n", "4"], [("-n", "4", "-m", "not serial"), ("-n", "4", "-n", "0", "-m", "serial")]),
        (["--numprocesses=auto"], [("--numprocesses=auto", "-m", "not serial"), ("--numprocesses=auto", "-n", "0", "-m", "serial")]),
        (["-m", "slow or web"], [("-n", "2", "-m", "(slow or web) and not serial"), ("-n", "0", "-m", "(slow or web) and serial")]),
        (["-n0", "-m", "slow"], [("-n0", "-m", "slow")]),
        (["-p", "no:xdist", "-k", "x"], [("-p", "no:xdist", "-k", "x")]),
        (["--pdb"], [("--pdb",)]),
    ],
)
def test_arguments_become_a_parallel_and_a_serial_run(arguments: list[str], runs: list[tuple[str, ...]]) -> None:
    assert plan(arguments) == Plan(tuple(runs), stops_early=False)


@pytest.mark.parametrize("argument", ["-x", "--exitfirst", "--maxfail=3"])
def test_stopping_at_the_first_failure_is_seen(argument: str) -> None:
    assert plan([argument]).stops_early


@pytest.mark.parametrize(
    ("status", "stops_early", "expected"),
    [
        (PASSED, False, False),
        (NO_TESTS, False, False),
        (FAILED, False, False),
        (FAILED, True, True),
        (INTERRUPTED, False, True),
        (USAGE_ERROR, False, True),
    ],
)
def test_a_run_is_the_last_when_the_next_would_make_no_sense(status: int, stops_early: bool, expected: bool) -> None:
    assert is_last(status, stops_early) is expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([PASSED, PASSED], PASSED),
        ([PASSED, NO_TESTS], PASSED),
        ([NO_TESTS, PASSED], PASSED),
        ([NO_TESTS, NO_TESTS], NO_TESTS),
        ([FAILED, PASSED], FAILED),
        ([PASSED, FAILED], FAILED),
        ([NO_TESTS, FAILED], FAILED),
        ([USAGE_ERROR], USAGE_ERROR),
    ],
)
def test_the_statuses_of_the_runs_become_one(statuses: list[int], expected: int) -> None:
    assert combined(statuses) == expected
