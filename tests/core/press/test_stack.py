"""However deep a job stands and goes, its calls map no memory."""

import resource

from app.core.press.stack import in_one_piece

CALLS = 300

# Enough to come to the end of a piece a few times.
DEPTHS = range(500)


def called(a: int, b: int, c: int, d: int) -> int:
    return a + b + c + d


def faults_at(depth: int) -> int:
    """Pages that the kernel had to give this thread while a loop called, at that depth."""
    if depth:
        return faults_at(depth - 1)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        called(1, 2, 3, 4)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def most_faults() -> int:
    return max(faults_at(depth) for depth in DEPTHS)


def test_calls_at_any_depth_stay_in_one_piece_of_the_stack() -> None:
    assert in_one_piece(most_faults) < CALLS / 10
