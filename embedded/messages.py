"""What the commands say on the terminal."""

import sys


class StartError(Exception):
    """The command cannot go on; the message is a sentence for the person who started it."""


def say(text: str) -> None:
    """Print one line at once, also when the output is a pipe or a file."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print one line to standard error at once."""
    print(text, file=sys.stderr, flush=True)
