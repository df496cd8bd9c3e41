"""bin/test: the test suite on back ends of its own, which are gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from embedded import elasticsearch_files, java, pytest_plan
from embedded.account import Account
from embedded.backends import Wanted
from embedded.elasticsearch import ARCHIVES
from embedded.messages import StartError, say, warn
from embedded.parent_death import adopt_orphans, die_with_parent
from embedded.processes import end_descendants, reap_adopted
from embedded.pytest_tally import VARIABLE
from embedded.stop_signals import Interrupted, StopSignals
from embedded.throw_away import throw_away_backends

ROOT = Path(__file__).resolve().parent.parent

# For pytest to run its fixtures' ends after an interrupt; what is left is then ended by us.
_GRACE_SECONDS = 15


def main(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments`; its exit status, 1 when the back ends do not start, or 128 + SIGINT when asked to stop."""
    signals = StopSignals()
    adopt_orphans()
    try:
        with throw_away_backends(wanted=Wanted(elasticsearch=_wants_elasticsearch())) as urls, tempfile.TemporaryDirectory() as folder:
            return _run(pytest_plan.plan(arguments), {**os.environ, **urls}, Path(folder) / "tally")
    except Interrupted:
        return 128 + signal.SIGINT
    except StartError as error:
        warn(f"bin/test: {error}")
        return pytest_plan.FAILED
    finally:
        signals.is_expected = True
        end_descendants()


def _wants_elasticsearch() -> bool:
    """Whether the tests get a node: `ELASTICSEARCH_TESTS` says `required` or `off`; else they do where Java and Maven are."""
    wish = os.environ.get("ELASTICSEARCH_TESTS")
    if wish in {"required", "off"}:
        return wish == "required"
    if not java.is_complete(Account.current()):
        return False
    try:
        elasticsearch_files.obtain(ARCHIVES)
    except StartError as error:
        warn(f"The tests of Elasticsearch will be skipped. {error}")
        return False
    return True


def _run(plan: pytest_plan.Plan, environment: dict[str, str], tally: Path) -> int:
    statuses: list[int] = []
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    for arguments in plan.runs:
        say(f"pytest {' '.join(arguments)}")
        statuses.append(_pytest(arguments, {**environment, VARIABLE: str(tally)}))
        if tally.exists():
            for outcome, count in json.loads(tally.read_text()).items():
                totals[outcome] += count
            tally.unlink()
        if pytest_plan.is_last(statuses[-1], plan.stops_early):
            break
    say(", ".join(f"{count} {outcome}" for outcome, count in totals.items()))
    return pytest_plan.combined(statuses)


def _pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    # It stays in our process group, so that Ctrl-C reaches it and a debugger has the terminal.
    command = [sys.executable, "-m", "pytest", "-p", "embedded.pytest_tally", *arguments]
    ours = [child.pid for child in psutil.Process().children()]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, preexec_fn=die_with_parent(signal.SIGINT))
    try:
        while process.poll() is None:
            # What the tests kill is adopted by us, and would stay a zombie.
            reap_adopted([*ours, process.pid])
            time.sleep(0.2)
        return process.returncode
    except Interrupted:
        # pytest ends in order on SIGINT alone; after a Ctrl-C it has it already, and a second one would cut its clean-up short.
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            _wait_or_kill(process)
        raise


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
