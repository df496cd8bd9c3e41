"""A pytest plugin that writes how many tests passed, failed and were skipped, so that two runs can be reported as one."""

import json
import os
from pathlib import Path

import pytest

VARIABLE = "PYTEST_TALLY_FILE"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the counts to the file that the environment names; only the process that reports has a terminal."""
    stats = terminalreporter.stats
    counts = {
        "passed": len(stats.get("passed", [])) + len(stats.get("xpassed", [])),
        "failed": len(stats.get("failed", [])) + len(stats.get("error", [])),
        "skipped": len(stats.get("skipped", [])) + len(stats.get("xfailed", [])),
    }
    Path(os.environ[VARIABLE]).write_text(json.dumps(counts))
