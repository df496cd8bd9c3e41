"""The jobs of the modules that a foreman was started with."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Job = Callable[..., Sequence[bytes]]


class JobModule(Protocol):
    """What such a module has, see the package."""

    JOBS: dict[str, Job]
    FACTS: dict[str, Any]

    def warm_up(self) -> None: ...

    def start(self) -> None: ...


class Jobs:
    """All of them, by name."""

    def __init__(self, modules: Sequence[Any]) -> None:
        self._modules: Sequence[JobModule] = modules
        self._jobs = {name: job for module in self._modules for name, job in module.JOBS.items()}

    @property
    def facts(self) -> dict[str, Any]:
        """What operators may want to know of the engines."""
        return {name: fact for module in self._modules for name, fact in module.FACTS.items()}

    def warm_up(self) -> None:
        """Load what presses share, before they are forked."""
        for module in self._modules:
            module.warm_up()

    def start(self) -> None:
        """Make what a press cannot share, before it is sealed."""
        for module in self._modules:
            module.start()

    def do(self, name: str, arguments: tuple[Any, ...]) -> Sequence[bytes]:
        """The parts of the result."""
        return self._jobs[name](*arguments)
