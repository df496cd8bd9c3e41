"""How a résumé looks: one of six designs, an accent colour, the size of the paper. Nothing typed reaches a style sheet unchecked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.resumes.rendering.errors import RenderError

# Width and height in millimetres.
PAPERS = {"A4": (210.0, 297.0), "LETTER": (215.9, 279.4)}

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

# WCAG 2.2, success criterion 1.4.3 (AA): what text needs against its background. The little more pays for the tint under some of it.
_READABLE = 5.0


@dataclass(frozen=True, slots=True)
class Design:
    """A theme as a person chooses it: what it is called, what it is for, and its own accent colour."""

    id: str
    name: str
    description: str
    accent: str


DESIGNS = {
    design.id: design
    for design in (
        Design("classic", "Classic", "Serif type in one column under a centred head: law, finance, administration.", "#7a2331"),
        Design("modern", "Modern", "Two columns, with contacts and skills on a coloured strip: products, marketing, design.", "#1f4e5f"),
        Design("compact", "Compact", "Narrow type and headings in the margin: a long career on one page.", "#1a5f4a"),
        Design("academic", "Academic", "Education and numbered publications first: research and teaching.", "#25407a"),
        Design("technical", "Technical", "Skills first, technologies as labels in fixed-width type: engineering and data.", "#0b6e99"),
        Design("vietnamese", "Vietnamese standard", "A photo, labelled contacts and a column of dates, as employers in Vietnam expect.", "#1d5aa6"),
    )
}


@dataclass(frozen=True, slots=True)
class Look:
    """A design with its colour (`#rrggbb`, dark enough to read on white and to carry white text) and its paper, a key of `PAPERS`."""

    theme: str
    accent: str
    paper: str

    @property
    def tint(self) -> str:
        """The accent as a light background, on which dark text and the accent itself can be read."""
        return _mixed(self.accent, "#ffffff", 0.07)

    @property
    def rule(self) -> str:
        """The accent as a thin line."""
        return _mixed(self.accent, "#ffffff", 0.38)


def read_look(resume: Mapping[str, Any], theme: str) -> Look:
    """The look of `resume` in `theme`: its `accent_color` and `paper_size`, or the design's colour and A4 where they say nothing usable.

    Raises `RenderError` for an unknown theme.
    """
    if theme not in DESIGNS:
        raise RenderError(f"There is no résumé theme called “{theme}”.")
    chosen, paper = resume.get("accent_color"), resume.get("paper_size")
    accent = chosen if isinstance(chosen, str) and _COLOR.fullmatch(chosen) else DESIGNS[theme].accent
    return Look(theme, readable(accent.lower()), paper if isinstance(paper, str) and paper in PAPERS else "A4")


def readable(color: str) -> str:
    """The colour (`#rrggbb`), darkened as little as it takes to read it on white, or white on it."""
    shades = (_mixed(color, "#000000", share / 100) for share in range(100, -1, -2))
    return next(shade for shade in shades if contrast_with_white(shade) >= _READABLE)


def contrast_with_white(color: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 (white itself) to 21 (black)."""
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _mixed(color: str, other: str, share: float) -> str:
    """`share` of `color` and the rest of `other`."""
    mixed = (round(one * share + two * (1 - share)) for one, two in zip(_parts(color), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
