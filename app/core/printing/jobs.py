"""What a press can print from markup."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import weasyprint.text.ffi
from weasyprint import CSS

from app.core.printing.fonts import bundled_fonts, covered_characters
from app.core.printing.pages import boxed_page, lay_out, stylesheet, write

# Without the library WeasyPrint cuts fonts down by Python code, which takes about as long as the layout itself.
FACTS: dict[str, Any] = {"has_fast_subsetting": weasyprint.text.ffi.harfbuzz_subset is not None}


def warm_up() -> None:
    """Load the lists of the fonts' characters. The fonts themselves are left to each press, see `fonts.bundled_fonts`."""
    covered_characters()


def start() -> None:
    """Make this process's font configuration, which writes a file for a moment."""
    bundled_fonts()


def print_page(markup: str, styles: str) -> Sequence[bytes]:
    """The PDF of a page of well-formed markup that loads nothing."""
    return [write(lay_out(boxed_page(markup), _styles(styles)))]


@lru_cache(maxsize=8)
def _styles(text: str) -> CSS:
    return stylesheet(text)


JOBS = {"page": print_page}
