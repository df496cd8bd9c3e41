"""The folder of caught mails: one `.eml` file each, the newest kept."""

import os
import re
import tempfile
import time
from pathlib import Path

KEPT = 1000
"""Mails; older ones go."""

_NAME = re.compile(r"[0-9]{20}-[A-Za-z0-9_.+=-]{1,100}\.eml")
_UNSAFE = re.compile(r"[^A-Za-z0-9_+=-]+")


class MailStore:
    """Mails in the order of their arrival, for the eyes of this account only: they hold links that open accounts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def save(self, content: bytes, hint: str) -> str:
        """Keep a mail, whole or not at all, and return its name, in which `hint` can be recognised."""
        name = f"{time.time_ns():020d}-{_UNSAFE.sub('_', hint)[:60] or 'mail'}.eml"
        handle, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(self._folder / name)
        for old in self.names()[KEPT:]:
            (self._folder / old).unlink(missing_ok=True)
        return name

    def names(self) -> list[str]:
        """The mails, the newest first."""
        return sorted((path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)

    def read(self, name: str) -> bytes | None:
        """The mail of that name; None for a name that is none of ours, whatever it points to."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
