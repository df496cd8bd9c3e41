"""What is printed of a scenario."""

from collections.abc import Sequence

from faults.checker import Findings
from faults.history import Kind, Outcome
from faults.scenario import Scenario
from faults.stage import Stage

_SHOWN = 10
_HEADINGS = ("scenario", "accepted", "hits", "unknown: resolved", "lost", "doubled", "p50", "p99", "longest", "bound", "verdict")


class Report:
    """The figures of one scenario that has ended."""

    def __init__(self, scenario: Scenario, stage: Stage, findings: Findings, seconds: float) -> None:
        history = stage.history
        self._scenario = scenario
        self._stage = stage
        self._findings = findings
        self._seconds = seconds
        self._accepted = stage.accepted if stage.accepted is not None else history.count(Outcome.OK)
        self._unknown = sum(operation.was_unknown for operation in history.operations)
        self._resolved = sum(operation.was_unknown and operation.outcome != Outcome.UNKNOWN for operation in history.operations)
        self._failed = history.count(Outcome.FAILED)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, refused or otherwise wrong."""
        return not (self._findings.lost or self._findings.doubled or self._stage.failures or self._failed) and self._accepted > 0

    def text(self) -> str:
        """The scenario in some lines."""
        work, stage = self._findings.work, self._stage
        kinds = ", ".join(f"{len(stage.history.of(kind, Outcome.OK))} {kind}" for kind in Kind)
        lines = [
            f"\n{self._scenario.name}: {'holds' if self.holds else 'BROKEN'} ({self._seconds:.0f} s)",
            f"  {self._scenario.must_hold}",
            f"  accepted {self._accepted} ({kinds}), refused {self._failed}, unknown {self._unknown}, of these resolved {self._resolved}",
            f"  {stage.strikes} hits; {work['starts']} starts of {work['tasks']} tasks, {work['restarted']} tried again, {work['resent']} sent again",
            f"  from commit to effect: p50 {self._time('p50')}, p99 {self._time('p99')}, longest {self._time('longest')}",
            *(f"  {remark}" for remark in stage.remarks),
            f"  lost {len(self._findings.lost)}, doubled {len(self._findings.doubled)}{self._bound_in_words()}",
        ]
        wrong = [*self._findings.lost, *self._findings.doubled, *stage.failures]
        lines += [f"  ! {sentence}" for sentence in wrong[:_SHOWN]]
        if len(wrong) > _SHOWN:
            lines.append(f"  ! and {len(wrong) - _SHOWN} more")
        return "\n".join(lines)

    @staticmethod
    def table(reports: Sequence["Report"]) -> str:
        """All of them as a table."""
        lines = [_HEADINGS, ("---",) * len(_HEADINGS), *(report._row() for report in reports)]
        return "\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def _row(self) -> tuple[str, ...]:
        findings = self._findings
        unknown = f"{self._unknown}: {self._resolved}"
        times = (self._time("p50"), self._time("p99"), self._time("longest"))
        counts = (str(self._accepted), str(self._stage.strikes), unknown, str(len(findings.lost)), str(len(findings.doubled)))
        return (self._scenario.name, *counts, *times, self._bound(), "holds" if self.holds else "BROKEN")

    def _time(self, name: str) -> str:
        return f"{float(self._findings.work[name] or 0):.1f} s"

    def _bound(self) -> str:
        return f"{3 / max(1, self._accepted):.2%}"

    def _bound_in_words(self) -> str:
        """None in N proves no more than that."""
        return f": a rate below 3/{self._accepted} = {self._bound()} (95 %)" if self.holds else ""
