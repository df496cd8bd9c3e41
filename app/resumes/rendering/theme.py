"""Themes: a template, a style sheet and the bundled fonts. The list is closed; nobody's input names a file."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.resumes.rendering.errors import RenderError
from app.resumes.rendering.text import breakable

FOLDER = Path(__file__).resolve().parents[1] / "themes"
THEMES = frozenset({"classic"})

# Templates come from the package alone and text is passed as values, never as template source; the sandbox is a second wall.
_environment = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
)
_environment.filters["breakable"] = breakable


@dataclass(frozen=True, slots=True)
class Theme:
    """One design. `fingerprint` changes with any of the theme's own files."""

    name: str
    template: Template
    stylesheet: str
    fingerprint: str


@lru_cache
def find_theme(name: str) -> Theme:
    """The theme called `name`; raises `RenderError` when there is none."""
    if name not in THEMES:
        raise RenderError(f"There is no résumé theme called “{name}”.")
    files = [FOLDER / name / "resume.html", FOLDER / name / "style.css"]
    return Theme(
        name=name,
        template=_environment.get_template(f"{name}/resume.html"),
        stylesheet=files[1].read_text(encoding="utf-8"),
        fingerprint=sha256(b"\0".join([name.encode(), *(file.read_bytes() for file in files)])).hexdigest(),
    )
