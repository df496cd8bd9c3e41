"""What the clients asked for and what they were answered: the record that the checker holds against PostgreSQL."""

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    PURCHASE = "purchase"
    EDIT = "edit"
    MESSAGE = "message"
    PDF = "pdf"


class Outcome(StrEnum):
    """OK: accepted, so its effect must be there once. FAILED: refused, so there must be none. UNKNOWN: there may be one."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """One request of an operation: when it was sent, in seconds since 1970, how long it took, and its status; 0 when no answer came."""

    at: float
    seconds: float
    status: int

    @property
    def is_unknown(self) -> bool:
        """Whether the client cannot tell what became of it."""
        return self.status == 0 or self.status >= 500


@dataclass
class Operation:
    """One thing that a client wants done once, with all its attempts. `found` is what the answer names: a transaction, a message, a title."""

    kind: Kind
    key: str
    outcome: Outcome = Outcome.UNKNOWN
    found: dict[str, Any] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def was_unknown(self) -> bool:
        """Whether the client did not know at some moment."""
        return any(attempt.is_unknown for attempt in self.attempts)


class History:
    """The operations of one scenario; any thread may add."""

    def __init__(self) -> None:
        self._adding = threading.Lock()
        self.operations: list[Operation] = []

    def add(self, operation: Operation) -> Operation:
        """Note an operation that begins."""
        with self._adding:
            self.operations.append(operation)
        return operation

    def of(self, kind: Kind, outcome: Outcome | None = None) -> list[Operation]:
        """Those of a kind, with that outcome if one is given."""
        return [found for found in self.operations if found.kind == kind and outcome in (None, found.outcome)]

    def count(self, outcome: Outcome) -> int:
        """How many ended so."""
        return sum(operation.outcome == outcome for operation in self.operations)

    def attempts(self, since: float = 0, until: float = float("inf")) -> list[Attempt]:
        """The requests that were sent in that time."""
        return [attempt for operation in self.operations for attempt in operation.attempts if since <= attempt.at < until]

    def write(self, path: Path) -> None:
        """A line of JSON for each operation."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{json.dumps(asdict(operation))}\n" for operation in self.operations))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0
