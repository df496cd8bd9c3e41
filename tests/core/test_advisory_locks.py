"""Advisory locks are told apart by their numbers alone: two that share one hold each other up."""

import re

from tests.sources import ROOT

_LOCK = re.compile(r"^_LOCK = ([\d_]+)$", re.MULTILINE)


def test_every_advisory_lock_has_a_number_of_its_own() -> None:
    numbers = {str(path): int(number) for path in (ROOT / "app").rglob("*.py") for number in _LOCK.findall(path.read_text("utf-8"))}

    # Making months, retiring them, the demo data, rebuilding an index, refreshing suggestions.
    assert len(numbers) >= 5
    assert len(set(numbers.values())) == len(numbers), numbers
