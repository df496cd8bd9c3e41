"""Reading a part of an archive back: what is not as it was written is damaged, and never an error of another kind."""

import gzip

import pytest
from apiflask import APIFlask

from app.core.partition_files import ArchiveDamaged, Found, read_part
from app.core.storage import open_key

KEY = "archives/messages/2026-01/0001.csv.gz"
CONTENT = b"id,created_at,content\n" + b"".join(b'%d,2026-01-02 00:00:00+00,"%d, %s"\n' % (n, n * 7919, b"x" * (n % 9)) for n in range(1, 60))


def reading(packed: bytes) -> Found | None:
    """What is read of a stored part; None when it is told to be damaged."""
    with open_key(KEY, "wb") as file:
        file.write(packed)
    try:
        return read_part(KEY)
    except ArchiveDamaged:
        return None


@pytest.mark.parametrize("wrong", [0x01, 0x80, 0xFF])
def test_a_part_with_any_byte_wrong_is_damaged_or_known_by_its_digest(app: APIFlask, wrong: int) -> None:
    packed = gzip.compress(CONTENT, mtime=0)
    whole = reading(packed)
    assert whole is not None and (whole.rows, whole.first_id, whole.last_id) == (59, 1, 59)

    found = [reading(packed[:place] + bytes([packed[place] ^ wrong]) + packed[place + 1 :]) for place in range(len(packed))]

    # Only the time and the like in the header of gzip (RFC 1952, 2.3) may differ without a change of the content.
    read = [part for part in found if part is not None]
    assert len(read) < 10
    assert all(part.content_sha256 == whole.content_sha256 and part.sha256 != whole.sha256 for part in read)


def test_a_part_that_ends_early_is_damaged(app: APIFlask) -> None:
    packed = gzip.compress(CONTENT, mtime=0)

    assert [reading(packed[:length]) for length in range(1, len(packed))] == [None] * (len(packed) - 1)


@pytest.mark.parametrize("content", [b"id,content\n\n", b"number,content\n1,x\n", b"id\nx\n", b"id,content\n1,\xff\n"])
def test_a_part_of_other_lines_than_rows_is_damaged(app: APIFlask, content: bytes) -> None:
    assert reading(gzip.compress(content)) is None
