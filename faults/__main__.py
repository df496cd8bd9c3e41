"""`bin/faults [NAME ...] [--operations N] [--seed S]`: run the scenarios and print what was lost and doubled."""

import argparse
import secrets
import sys
import time
from collections.abc import Sequence
from random import Random

from app import create_app
from config import load_settings
from embedded.messages import StartError, say, warn
from embedded.parent_death import adopt_orphans
from embedded.processes import end_descendants
from embedded.stop_signals import Interrupted, StopSignals
from faults import scenarios, scenarios_of_scarcity, scenarios_of_services, scenarios_of_tasks
from faults.board import HISTORIES, LOGS, Board, running_board
from faults.people import add_package
from faults.report import Report
from faults.scenario import SCENARIOS, NotHere, Scenario
from faults.stage import Stage

# Each registers its own.
_MODULES = (scenarios, scenarios_of_scarcity, scenarios_of_services, scenarios_of_tasks)
_INCOMPLETE = 2


def main(arguments: Sequence[str]) -> int:
    """0 when everything held, 1 when something was lost, doubled or wrong, or nothing could be started; 2 when what ran held, but not
    all of it could be run here; 130 after an interrupt."""
    chosen, operations, seed = _parse(arguments)
    signals = StopSignals()
    adopt_orphans()
    try:
        return run(chosen, operations, seed)
    except Interrupted:
        return 130
    except StartError as error:
        warn(f"bin/faults: {error}")
        return 1
    finally:
        signals.is_expected = True
        end_descendants()


def run(chosen: Sequence[Scenario], operations: int, seed: int) -> int:
    """Run the scenarios, one after the other: those that need Elasticsearch on a board that has it, the others before them on one without."""
    reports: list[Report] = []
    left_out: list[str] = []
    say(f"seed {seed}, {operations} operations a scenario")
    for has_engine in (False, True):
        if some := [scenario for scenario in chosen if scenario.needs_engine == has_engine]:
            with running_board(has_engine=has_engine) as board:
                _run_on(board, some, operations, seed, reports, left_out)
    say(Report.table(reports))
    say(f"seed {seed}, {operations} operations a scenario; logs are in {LOGS}, histories in {HISTORIES}")
    if left_out:
        say(f"not run: {', '.join(left_out)}")
    if not all(report.holds for report in reports):
        return 1
    return _INCOMPLETE if left_out else 0


def _run_on(board: Board, chosen: Sequence[Scenario], operations: int, seed: int, reports: list[Report], left_out: list[str]) -> None:
    app = create_app(load_settings())
    package_id = add_package(app)
    for scenario in chosen:
        # By its name, so that a scenario does the same alone as in a row.
        stage = Stage(board, app, package_id, operations, Random(f"{seed} {scenario.name}"))
        try:
            reports.append(_play(scenario, stage))
        except NotHere as missing:
            left_out.append(scenario.name)
            say(f"\n{scenario.name}: not run, it needs {missing}")


def _play(scenario: Scenario, stage: Stage) -> Report:
    started = time.monotonic()
    scenario.act(stage)
    report = Report(scenario, stage, stage.check(scenario.name), time.monotonic() - started)
    say(report.text())
    return report


def _parse(arguments: Sequence[str]) -> tuple[list[Scenario], int, int]:
    names = {scenario.name: scenario for scenario in SCENARIOS}
    lines = [f"  {scenario.name:<24} {scenario.must_hold}" for scenario in SCENARIOS]
    parser = argparse.ArgumentParser("bin/faults", epilog="\n".join(lines), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all of them by default")
    parser.add_argument("--operations", type=int, default=1000, help="accepted by the API in each scenario (default: 1000)")
    parser.add_argument("--seed", type=int, default=None, help="of the load and the nemesis (default: a new one)")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - names.keys():
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    return [names[name] for name in options.names] or SCENARIOS, options.operations, seed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
