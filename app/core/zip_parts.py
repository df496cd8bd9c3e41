"""A ZIP archive written in parts by different processes, which joined end to end are one file (APPNOTE.TXT 6.3.10, 4.3.6).

Each entry is made by itself for its place in the whole, stored without compression: what goes in, PDF and DOCX, is compressed already.
The directory of all entries ends the last part. Beyond 4 GiB the directory is that of ZIP64.
"""

import io
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.core.clock import MARKET_ZONE
from app.core.uploads import safe_name

# What file systems allow for one name.
MAX_NAME_BYTES = 240

_SLASHES = str.maketrans("/\\", "--")

# A regular file that its owner may write and all may read, as Unix keeps it in the upper half.
_MODE = 0o100644 << 16


@dataclass(frozen=True)
class Entry:
    """A file in the archive: `offset` is where its header begins in the whole, `size` and `crc` are those of its content."""

    name: str
    offset: int
    size: int
    crc: int
    at: tuple[int, int, int, int, int, int]


class _Window(io.BytesIO):
    """A file whose first byte is byte `base` of a larger one."""

    def __init__(self, base: int) -> None:
        super().__init__()
        self._base = base

    def tell(self) -> int:
        return super().tell() + self._base

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return super().seek(offset - self._base if whence == io.SEEK_SET else offset, whence) + self._base


def entry_bytes(name: str, data: bytes, *, offset: int, at: datetime) -> tuple[bytes, Entry]:
    """Header and content of a file that begins at `offset` of the whole, and what the directory has to know of it."""
    window = _Window(offset)
    info = _info(name, _local(at))
    archive = zipfile.ZipFile(window, "w", zipfile.ZIP_STORED)
    archive.writestr(info, data)
    # Read before the archive is closed, which adds a directory.
    content = window.getvalue()
    archive.close()
    return content, Entry(name, offset, len(data), info.CRC, info.date_time)


def directory_bytes(entries: Iterable[Entry], *, offset: int) -> bytes:
    """The end of the archive, which begins at `offset` of the whole."""
    window = _Window(offset)
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
        archive.infolist().extend(_listed(entry) for entry in entries)
    return window.getvalue()


def safe_entry_name(stem: str, extension: str) -> str:
    """A name for a file in any file system: no folders, composed letters, at most `MAX_NAME_BYTES` bytes of UTF-8."""
    # A slash in a person's name is no folder.
    composed = unicodedata.normalize("NFC", stem).translate(_SLASHES)
    cleaned = safe_name(f"{composed}.{extension}", f"file.{extension}").removesuffix(f".{extension}")
    shortened = cleaned.encode()[: MAX_NAME_BYTES - len(extension) - 1].decode(errors="ignore")
    return f"{shortened.rstrip(' .')}.{extension}"


def _listed(entry: Entry) -> zipfile.ZipInfo:
    info = _info(entry.name, entry.at)
    info.header_offset, info.CRC = entry.offset, entry.crc
    info.file_size = info.compress_size = entry.size
    return info


def _info(name: str, at: tuple[int, int, int, int, int, int]) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, at)
    info.external_attr = _MODE
    info.create_system = 3
    return info


def _local(at: datetime) -> tuple[int, int, int, int, int, int]:
    """ZIP knows no time zones: the market's time is shown."""
    there = at.astimezone(MARKET_ZONE)
    return there.year, there.month, there.day, there.hour, there.minute, there.second
