"""What a press can do for résumés: print one, and draw the pages of a PDF."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.printing.fonts import bundled_fonts
from app.resumes.rendering import render
from app.resumes.rendering.pictures import draw_pages

FACTS: dict[str, Any] = {}


def warm_up() -> None:
    """Load templates, style sheets and the lists of the fonts' characters."""
    render.warm_up()


def start() -> None:
    """Make this process's font configuration, which writes a file for a moment."""
    bundled_fonts()


def print_resume(resume: Mapping[str, Any], theme: str) -> Sequence[bytes]:
    """The PDF, see `render.render_pdf`."""
    return [render.render_pdf(resume, theme=theme)]


def draw_pictures(pdf: bytes) -> Sequence[bytes]:
    """The pages of a PDF as PNG, see `pictures.draw_pages`."""
    return list(draw_pages(pdf))


JOBS = {"resume": print_resume, "pictures": draw_pictures}
