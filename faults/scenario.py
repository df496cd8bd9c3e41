"""What a scenario is, and the list of all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from faults.stage import Stage

Act = Callable[[Stage], None]


class NotHere(Exception):
    """The scenario cannot be played on this machine; the message names what it needs."""


@dataclass(frozen=True)
class Scenario:
    """A way to break the board; `needs_engine` when its searches are to be answered by Elasticsearch."""

    name: str
    act: Act
    needs_engine: bool = False

    @property
    def must_hold(self) -> str:
        """Its docstring, on one line."""
        return " ".join((self.act.__doc__ or "").split())


SCENARIOS: list[Scenario] = []


def scenario(act: Act) -> Act:
    """Register a function under its name, with hyphens."""
    SCENARIOS.append(Scenario(act.__name__.replace("_", "-"), act))
    return act


def scenario_of_engine(act: Act) -> Act:
    """The same for one that needs Elasticsearch."""
    SCENARIOS.append(Scenario(act.__name__.replace("_", "-"), act, needs_engine=True))
    return act
