"""Figures of the requests, as scenarios put them into their remarks."""

from collections import Counter

from faults.history import percentile
from faults.stage import Stage


def note_latency(stage: Stage, state: str, since: float, until: float) -> None:
    """How the API was while the broker was `state`, and before; a failure for each request that was not answered well."""
    before = [attempt.seconds for attempt in stage.history.attempts(until=since)]
    during = stage.history.attempts(since=since, until=until)
    refused = sum(not 0 < attempt.status < 500 for attempt in during)
    if refused:
        stage.failures.append(f"{refused} requests were not answered well while the broker was {state}")
    times = [attempt.seconds for attempt in during]
    stage.remarks.append(
        f"API p50 {percentile(before, 0.5) * 1000:.0f} ms, p99 {percentile(before, 0.99) * 1000:.0f} ms before; "
        f"with the broker {state} p50 {percentile(times, 0.5) * 1000:.0f} ms, p99 {percentile(times, 0.99) * 1000:.0f} ms, "
        f"{len(during) - refused} of {len(during)} answered well"
    )


def statuses(stage: Stage) -> str:
    """How many answers there were of each status."""
    counts = Counter(attempt.status for attempt in stage.history.attempts())
    return ", ".join(f"{number} x {status or 'none'}" for status, number in sorted(counts.items()))
