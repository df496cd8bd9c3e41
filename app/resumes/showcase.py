"""The pictures by which people choose a theme: one sample résumé, printed by the renderer itself in each design.

`flask resumes previews` makes them; they are kept beside the themes and handed out as files. `previews.json` there says what each shows,
so that a test notices when a theme, the sample or the renderer has changed since.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.resumes.rendering.digest import content_hash
from app.resumes.rendering.look import DESIGNS
from app.resumes.rendering.theme import FOLDER

WIDTH = 480

_SAMPLE = FOLDER / "sample"
_MADE = FOLDER / "previews.json"


def sample_resume() -> dict[str, Any]:
    """A person who does not exist, with every section that a theme may show."""
    content: dict[str, Any] = json.loads((_SAMPLE / "resume.json").read_text(encoding="utf-8"))
    return {**content, "photo": (_SAMPLE / "portrait.jpg").read_bytes()}


def picture_of(theme: str) -> Path:
    """Where the picture of a theme (a key of `DESIGNS`) lies."""
    return FOLDER / theme / "preview.png"


def stale_pictures() -> list[str]:
    """The themes whose picture does not show what the renderer would print now."""
    made = json.loads(_MADE.read_text(encoding="utf-8")) if _MADE.exists() else {}
    sample = sample_resume()
    return [theme for theme in DESIGNS if made.get(theme) != content_hash(sample, theme)]


def make_pictures() -> Iterator[Path]:
    """Print the sample in every theme and keep the picture of its first page; yields each file when it is written."""
    # WeasyPrint and PDFium are loaded for this command alone.
    from app.resumes.rendering.pictures import draw_pages  # noqa: PLC0415
    from app.resumes.rendering.render import render_pdf  # noqa: PLC0415

    sample = sample_resume()
    for theme in DESIGNS:
        path = picture_of(theme)
        path.write_bytes(next(draw_pages(render_pdf(sample, theme=theme), width=WIDTH)))
        yield path
    _MADE.write_text(json.dumps({theme: content_hash(sample, theme) for theme in DESIGNS}, indent=1) + "\n", encoding="utf-8")
