"""What the commands say on the terminal."""

import os
import sys
from pathlib import Path
from typing import TextIO


class StartError(Exception):
    """The command cannot go on; the message is a sentence for the person who started it."""


def say(text: str) -> None:
    """Print one line at once, also when the output is a pipe or a file."""
    sys.stdout = _write(text, sys.stdout)


def warn(text: str) -> None:
    """Print one line to standard error at once."""
    sys.stderr = _write(text, sys.stderr)


def _write(text: str, stream: TextIO) -> TextIO:
    """Write to `stream`; returns the stream for the next time."""
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # The terminal was closed, or the reader of the pipe is gone. What is under way, most of all a stop, has to go on unheard.
        return Path(os.devnull).open("w")
    return stream
