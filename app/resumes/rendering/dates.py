"""Dates as a résumé prints them: month and year, in the résumé's language, or whatever the person wrote."""

import re
from typing import Any

from app.core.printing.text import one_line
from app.resumes.rendering.labels import Labels

_ISO = re.compile(r"([12][0-9]{3})-([0-9]{1,2})(?:-[0-9]{1,2}(?:[T ].*)?)?")
_LIMIT = 40


def month(value: Any, labels: Labels) -> str:
    """`2023-04`, `2023-04-15` or a `date` as `04/2023` or `Apr 2023`; a year or free text as it stands; nothing as the empty string."""
    text = one_line(value, _LIMIT)
    match = _ISO.fullmatch(text)
    if not match or not 1 <= int(match[2]) <= 12:
        return text
    number = int(match[2])
    return f"{labels.months[number - 1]} {match[1]}" if labels.months else f"{number:02d}/{match[1]}"


def period(start: Any, end: Any, labels: Labels, *, is_current: bool) -> str:
    """`04/2021 – Hiện tại`, `Apr 2021 – Mar 2023`; one date alone when the other is missing or the same."""
    first = month(start, labels)
    last = labels.present if is_current else month(end, labels)
    return f"{first} – {last}" if first and last and first != last else first or last
