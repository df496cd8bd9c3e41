"""A description and its list: JSON Resume keeps `highlights` apart, a résumé has them as list lines at the end of the text."""

import re
from collections.abc import Sequence

_POINT = re.compile(r"• (\S.*)")


def join(text: str, highlights: Sequence[str]) -> str:
    """The text with one list line for each highlight."""
    points = [f"• {' '.join(point.split())}" for point in highlights if point.strip()]
    return "\n".join([*([text] if text else []), *points])


def split(description: str) -> tuple[str, list[str]]:
    """The text and the list lines that it ends with; all of it is text when the two would not join to the same description again."""
    lines = description.split("\n")
    points: list[str] = []
    while lines and (match := _POINT.fullmatch(lines[-1])):
        points.insert(0, match[1])
        lines.pop()
    text = "\n".join(lines)
    return (text, points) if join(text, points) == description else (description, [])
