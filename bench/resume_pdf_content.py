"""The reference résumé of the PDF benchmark: four A4 pages of the classic theme, and the same words in other lengths and layouts."""

from pathlib import Path
from typing import Any

from weasyprint import CSS

from app.core.printing.pages import stylesheet
from app.resumes import showcase
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.look import read_look
from app.resumes.rendering.render import page_of
from app.resumes.rendering.theme import find_theme

HERE = Path(__file__).parent
THEME = "classic"
LAYOUTS = {name: HERE / f"resume_pdf_{name}.css" for name in ("block", "grid")}


def reference(jobs: int = 20) -> dict[str, Any]:
    """The sample's person without the photo, with `jobs` employments; 20 fill four pages. The renderer's caps allow 60."""
    sample = showcase.sample_resume()
    employments = sample["experience"]
    rows = [{**employments[number % len(employments)], "company": f"Công ty Sao Mai {number + 1}"} for number in range(jobs)]
    return {**sample, "photo": None, "experience": rows}


def markup(resume: dict[str, Any] | None = None) -> str:
    """The page that every layout and engine gets; it lacks the style sheet."""
    return page_of(read_sheet(resume or reference()), find_theme(THEME))


def styles(layout: str) -> str:
    """A layout's style sheet. Raises SystemExit when the block layout is no longer what people get."""
    text = LAYOUTS[layout].read_text(encoding="utf-8")
    theirs = find_theme(THEME).stylesheet(read_look({}, THEME))
    if layout == "block" and text != theirs:
        raise SystemExit(f"{LAYOUTS[layout]} is not the classic theme any more: run python -m bench.resume_pdf copy, and look at the grid's.")
    return text


def copy_styles() -> None:
    """Take the classic theme as the block layout."""
    LAYOUTS["block"].write_text(find_theme(THEME).stylesheet(read_look({}, THEME)), encoding="utf-8")


def css(layout: str) -> CSS:
    """The style sheet, read."""
    return stylesheet(styles(layout))
