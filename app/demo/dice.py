"""Seeded chance that repeats on every Python version."""

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Dice:
    """A source of choices, the same for the same seed.

    Built on `Random.random()` alone, the one method whose sequence Python promises to keep between versions
    (docs.python.org/3/library/random.html, "Notes on Reproducibility"); `choice`, `sample` and `shuffle` carry no such promise.
    """

    def __init__(self, *seed: object) -> None:
        self.fraction = Random(":".join(map(str, seed))).random

    def chance(self, probability: float) -> bool:
        """True with the given probability, 0 to 1."""
        return self.fraction() < probability

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self.fraction() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.fraction() * len(options))]

    def sample(self, options: Sequence[T], size: int) -> list[T]:
        """`size` different options in random order; all of them when there are fewer."""
        pool = list(options)
        last = len(pool)
        size = min(size, last)
        for place in range(size):
            other = place + int(self.fraction() * (last - place))
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:size]


class Wheel(Generic[T]):
    """Options with weights; one that weighs nothing never comes up."""

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        kept = [(option, weight) for option, weight in weighted if weight > 0]
        if not kept:
            raise ValueError("a wheel needs at least one option with a weight above zero")
        self.options = tuple(option for option, _ in kept)
        self._bounds = list(accumulate(weight for _, weight in kept))

    def spin(self, dice: Dice) -> T:
        """One option, as often as its share of the weights."""
        return self.options[bisect(self._bounds, dice.fraction() * self._bounds[-1])]
