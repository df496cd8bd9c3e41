"""What a storage that cannot be read or written means for a task: it waits, since neither its content nor its attempts are at fault."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tasks.base import PutOff

_PAUSE = timedelta(seconds=30)


@contextmanager
def awaited_storage() -> Iterator[None]:
    """Around reading and storing files: a full disk or a bucket that does not answer puts the task off. Raises PutOff."""
    try:
        yield
    except OSError as error:
        raise PutOff(f"The storage is away: {error}", _PAUSE) from error
