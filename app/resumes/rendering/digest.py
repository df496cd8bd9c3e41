"""Identifies what a PDF shows, so that a stored file is used again exactly as long as it is up to date."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.core import printing
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.look import read_look
from app.resumes.rendering.theme import find_theme

# Raised whenever code changes what the same content looks like; themes' files, fonts and WeasyPrint's version count by themselves.
RENDERER_VERSION = 4


def content_hash(resume: Mapping[str, Any], theme: str) -> str:
    """SHA-256 (hex) over canonical JSON of the printed content, the theme, its colour and paper, and what prints them.

    Fields that are not printed, the order of keys and invisible characters do not count. Raises `RenderError` for an unknown theme,
    for nothing else.
    """
    sheet = read_sheet(resume)
    printed = asdict(sheet) | {"photo": sha256(sheet.photo).hexdigest() if sheet.photo else None}
    look = asdict(read_look(resume, theme))
    described = {"renderer": [RENDERER_VERSION, engine()], "theme": find_theme(theme).fingerprint, "look": look, "sheet": printed}
    canonical = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode("ascii")).hexdigest()


@lru_cache
def engine() -> str:
    """Identifies (SHA-256, hex) what every résumé is printed with: WeasyPrint's version, which is not imported for it, fonts and elements."""
    files = [printing.ELEMENTS_FILE, *sorted(printing.FONT_FILES.glob("*.ttf"))]
    return sha256("\n".join([version("weasyprint"), *map(_hash_of, files)]).encode()).hexdigest()


def _hash_of(path: Path) -> str:
    # Piece by piece: the memory for a whole font would stay with the process.
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
