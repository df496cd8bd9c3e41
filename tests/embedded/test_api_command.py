"""The command that serves the API, in a checkout and in a container."""

import json
from itertools import pairwise
from pathlib import Path

from embedded.app_programs import Addresses, app_programs

ROOT = Path(__file__).resolve().parents[2]


def options(command: list[str]) -> dict[str, str]:
    """The values of a command's options."""
    return {name: value for name, value in pairwise(command) if name.startswith("--")}


def test_a_reload_leaves_a_new_process_the_time_to_load_in_both() -> None:
    api = next(program for program in app_programs(ROOT, ROOT / "var", Addresses("127.0.0.1", 8000, 5555), {}) if program.name == "api")
    container = (ROOT / "deploy" / "Dockerfile").read_text().rpartition("CMD ")[2].replace("\\\n", "")

    served, contained = options(list(api.command)), options(json.loads(container))

    assert float(served["--respawn-interval"]) >= 15
    about_reloads = ("--respawn-interval", "--workers-kill-timeout")
    assert [served[name] for name in about_reloads] == [contained[name] for name in about_reloads]
