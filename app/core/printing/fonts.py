"""The bundled fonts, and no others: a document looks the same on every machine, with or without installed fonts.

The style sheets name the families in the order in which they are asked for a character; what none of them has prints as □.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from tempfile import NamedTemporaryFile
from xml.sax.saxutils import escape

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration

from app.core.printing import FONT_FILES

FOLDER = FONT_FILES

# This folder and no other, measured without hinting. The path is absolute: older versions of Fontconfig know no relative one.
_CONFIGURATION = f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{escape(str(FOLDER))}</dir>
  <match target="font">
    <edit name="hinting" mode="assign"><bool>false</bool></edit>
    <edit name="autohint" mode="assign"><bool>false</bool></edit>
  </match>
</fontconfig>
"""

# What has no glyph and needs none: line ends of the markup, the zero-width spaces that let a long word break, and the joiners that keep a dot or a
# hyphen from the edge of a line.
_WITHOUT_GLYPH = frozenset("\n\u200b\u2060")

_by_process: dict[int, FontConfiguration] = {}


def bundled_fonts() -> FontConfiguration:
    """This process's font configuration, made on first use (some 15 ms) and kept.

    Never shared across a fork: some versions of Pango keep a helper thread for their font map, and threads do not survive one.
    """
    process = os.getpid()
    if process not in _by_process:
        with NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
            file.write(_CONFIGURATION)
            file.flush()
            with _fontconfig_reads(file.name):
                _by_process[process] = FontConfiguration()
    return _by_process[process]


def boxed(text: str) -> str:
    """The text with □ for each character that no bundled font has.

    WeasyPrint would print such a character as an empty space or a box, and would then write the font with an encoding of its own, after
    which some PDF readers (pypdf is one) get no text at all out of that font, Vietnamese included.
    """
    missing = set(text) - covered_characters()
    return text.translate(dict.fromkeys(map(ord, missing), "□")) if missing else text


@lru_cache
def covered_characters() -> frozenset[str]:
    """Every character that can be printed."""
    found = set(_WITHOUT_GLYPH)
    for path in FOLDER.glob("*.ttf"):
        with TTFont(path, lazy=True) as font:
            found.update(map(chr, font.getBestCmap()))
    return frozenset(found)


@contextmanager
def _fontconfig_reads(path: str) -> Iterator[None]:
    """Fontconfig takes the path of its configuration from the environment at the moment when a configuration is made."""
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = path
    try:
        yield
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before
