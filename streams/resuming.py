"""Where a stream begins."""

from streams.protocol import REPLAYED_HOURS, first_id_at

# No transaction takes so long to commit after its events got their ids, and no two clocks of ours differ so much. Seconds.
_UNDER_WAY = 60


def begin(newest: int, wanted: int | None, now: float) -> tuple[int, bool]:
    """The id after which a stream begins, and whether it goes on from the id that was `wanted`, with nothing missed.

    `newest` is the person's newest id, 0 before the first; `now` is in seconds since 1970. What is older than the log may have been
    purged, and an id that was never given out is of another database: neither can be gone on from.
    """
    oldest = first_id_at(now - REPLAYED_HOURS * 3600)
    if wanted is not None and (wanted == newest or oldest <= wanted <= (newest or first_id_at(now))):
        return wanted, True
    return newest or first_id_at(now - _UNDER_WAY), False
