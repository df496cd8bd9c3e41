"""Where a stream begins, as a table."""

import pytest

from streams.protocol import EPOCH_SECONDS, LARGEST_ID, first_id_at
from streams.resuming import begin

NOW = EPOCH_SECONDS + 90_000_000.5
HOUR = first_id_at(EPOCH_SECONDS + 3600)
CURRENT = first_id_at(NOW)


@pytest.mark.parametrize(
    ("newest", "wanted", "expected"),
    [
        (CURRENT, None, (CURRENT, False)),
        (CURRENT, CURRENT, (CURRENT, True)),
        (CURRENT, CURRENT - HOUR, (CURRENT - HOUR, True)),
        (CURRENT, CURRENT - 23 * HOUR, (CURRENT - 23 * HOUR, True)),
        (CURRENT, CURRENT - 23 * HOUR - 4096, (CURRENT, False)),
        (CURRENT, CURRENT + 1, (CURRENT, False)),
        (CURRENT, LARGEST_ID, (CURRENT, False)),
        (CURRENT, 0, (CURRENT, False)),
        # Nothing was said since long ago: there is nothing that could have been missed.
        (CURRENT - 100 * HOUR, CURRENT - 100 * HOUR, (CURRENT - 100 * HOUR, True)),
        # Nothing was ever said, but something may be about to be.
        (0, None, (first_id_at(NOW - 60), False)),
        (0, first_id_at(NOW - 600), (first_id_at(NOW - 600), True)),
        (0, LARGEST_ID, (first_id_at(NOW - 60), False)),
    ],
)
def test_a_stream_begins(newest: int, wanted: int | None, expected: tuple[int, bool]) -> None:
    assert begin(newest, wanted, NOW) == expected


def test_ids_of_the_log_and_of_the_streams_tell_time_alike() -> None:
    from_database = 374_446_027_706_369

    assert first_id_at(EPOCH_SECONDS + (from_database >> 12) / 1000) == from_database >> 12 << 12
