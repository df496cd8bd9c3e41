"""Reads the catalogue's TOML files."""

import tomllib
from pathlib import Path
from typing import Any, Literal

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

Level = Literal["INTERN", "JUNIOR", "MIDDLE", "SENIOR", "LEAD"]
LEVELS: tuple[Level, ...] = ("INTERN", "JUNIOR", "MIDDLE", "SENIOR", "LEAD")

DATA = Path(__file__).parent / "data"


def read_table(name: str) -> dict[str, Any]:
    """The content of `data/<name>.toml`."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def read_rows(folder: str) -> list[dict[str, Any]]:
    """The rows of the table `folder` over all files of `data/<folder>/`, by file name."""
    return [row for path in sorted((DATA / folder).glob("*.toml")) for row in tomllib.loads(path.read_text(encoding="utf-8"))[folder]]
