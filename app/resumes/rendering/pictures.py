"""Draws the pages of a PDF as pictures.

PDFium is native code that parses a file, so it runs where a crash or a runaway costs one task: in a press.
"""

import io
from collections.abc import Iterator

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

PAGE_WIDTH = 900

# As many as a palette holds: a third of the bytes of full colour, and on a page of text nobody sees the difference.
_COLORS = 256


def draw_pages(pdf: bytes, *, width: int = PAGE_WIDTH, most: int = 20) -> Iterator[bytes]:
    """The first `most` pages as PNG, `width` pixels wide, one at a time; some 60 ms of work each."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for number in range(min(len(document), most)):
            page = document[number]
            yield _png(page.render(scale=width / page.get_width()).to_pil())
            page.close()
    finally:
        document.close()


def _png(picture: Image.Image) -> bytes:
    reduced = picture.quantize(_COLORS, method=Image.Quantize.FASTOCTREE)
    # The octree averages the white of the paper with a few pixels beside it, and misses it by one.
    reduced.putpalette([255 if value >= 253 else value for value in reduced.getpalette() or []])
    out = io.BytesIO()
    reduced.save(out, "PNG")
    return out.getvalue()
