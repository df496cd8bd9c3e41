"""A limiter whose fallback serves every request that meets a Redis that is away, at whatever moment it does.

Flask-Limiter itself falls back only where it asks first, and only for the one request that finds the storage away: those that wait for it
at the same moment, and those that draw on a budget after their view has committed, get its error as a 500.
"""

from collections.abc import Callable
from typing import cast

import structlog
from flask_limiter import Limiter
from limits import RateLimitItem, WindowStats
from limits.strategies import RateLimiter
from redis.exceptions import RedisError

log = structlog.get_logger()


class SteadyLimiter(Limiter):
    """Flask-Limiter with `RATELIMIT_IN_MEMORY_FALLBACK_ENABLED` for each single question."""

    @property
    def limiter(self) -> RateLimiter:
        """The strategy on Redis with the one in memory behind it; that alone while Redis is known to be away."""
        chosen, fallback = super().limiter, self._fallback_limiter
        return chosen if fallback is None or chosen is fallback else _FallingBack(chosen, fallback, self.note_away)

    def note_away(self) -> None:
        """Let Redis alone until it answers again, which the extension tries now and then."""
        if not self._storage_dead:
            self._storage_dead = True
            log.warning("rate_storage_away")


class _FallingBack(RateLimiter):
    """Asks the first strategy and, when its storage fails, the second."""

    def __init__(self, first: RateLimiter, second: RateLimiter, note_away: Callable[[], None]) -> None:
        super().__init__(first.storage)
        self._first, self._second, self._note_away = first, second, note_away

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        return cast(bool, self._ask(lambda strategy: strategy.hit(item, *identifiers, cost=cost)))

    def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        return cast(bool, self._ask(lambda strategy: strategy.test(item, *identifiers, cost=cost)))

    def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        return cast(WindowStats, self._ask(lambda strategy: strategy.get_window_stats(item, *identifiers)))

    def _ask(self, question: Callable[[RateLimiter], object]) -> object:
        try:
            return question(self._first)
        except (RedisError, OSError):
            self._note_away()
            return question(self._second)
