"""The bundled fonts, and no others: a résumé looks the same on every machine, with or without installed fonts.

The style sheets name the families in the order in which they are asked for a character; what none of them has prints as a box.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from weasyprint.text.fonts import FontConfiguration

from app.resumes.rendering.theme import FOLDER

_CONFIGURATION = FOLDER / "fonts" / "fonts.conf"
_by_process: dict[int, FontConfiguration] = {}


def bundled_fonts() -> FontConfiguration:
    """This process's font configuration, made on first use (some 15 ms) and kept.

    Never shared across a fork: newer versions of Pango keep a helper thread for their font map, and threads do not survive one.
    """
    process = os.getpid()
    if process not in _by_process:
        with _fontconfig_reads(str(_CONFIGURATION)):
            _by_process[process] = FontConfiguration()
    return _by_process[process]


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
