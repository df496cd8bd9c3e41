"""Themes: a template, a style sheet, and the parts that all share. The list is closed; nobody's input names a file."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from string import Template as Text

from jinja2 import Template

from app.core.printing.templates import template_environment
from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.look import DESIGNS, PAPERS, Look
from app.resumes.rendering.text import breakable, breakable_address

FOLDER = Path(__file__).resolve().parents[1] / "themes"
THEMES = frozenset(DESIGNS)

# What a theme's own families do not have is looked for here, in this order; between them they have all that is printed.
FALLBACK = '"Be Vietnam Pro", "Noto Sans", "Noto Sans Symbols 2", "Noto Sans SC", "Noto Sans KR", "Noto Emoji"'

_SHARED = ("page.html", "parts.html", "base.css")

_environment = template_environment(FOLDER)
_environment.filters.update(breakable=breakable, breakable_address=breakable_address)


@dataclass(frozen=True, slots=True)
class Theme:
    """One design's files. `fingerprint` changes with any of them; `styles` names colours and paper by `$` and a word."""

    name: str
    styles: str
    fingerprint: str

    @property
    def template(self) -> Template:
        """The template, compiled on first use: who needs the fingerprint alone is spared that."""
        return _environment.get_template(f"{self.name}/resume.html")

    def stylesheet(self, look: Look, *, room: float = 1.0) -> str:
        """The style sheet in a look's colours, for its paper; with `room` for one that is so many times as wide and as high."""
        paper = " ".join(f"{side * room:g}mm" for side in PAPERS[look.paper])
        values = {"accent": look.accent, "tint": look.tint, "rule": look.rule, "paper": paper, "fallback": FALLBACK}
        return Text(self.styles).substitute(values)


@lru_cache
def find_theme(name: str) -> Theme:
    """The theme called `name`; raises `RenderError` when there is none."""
    if name not in THEMES:
        raise RenderError(f"There is no résumé theme called “{name}”.")
    files = [*(FOLDER / shared for shared in _SHARED), FOLDER / name / "resume.html", FOLDER / name / "style.css"]
    contents = [file.read_text(encoding="utf-8") for file in files]
    return Theme(
        name=name,
        styles="\n".join(content for file, content in zip(files, contents, strict=True) if file.suffix == ".css"),
        fingerprint=sha256("\0".join([name, *contents]).encode()).hexdigest(),
    )
