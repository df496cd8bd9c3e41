"""The list in the archive: one line for each application, with its file or the reason why there is none."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.applications.cv_exports.items import Item
from app.core.clock import MARKET_ZONE
from app.core.text import without_bidi_controls

NAME = "manifest.csv"
COLUMNS = ("number", "application", "candidate", "status", "applied_at", "file", "note")

# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def line(number: int, item: Item, file: str, note: str) -> dict[str, Any]:
    """One application's line, as it is kept with its part."""
    there = item.applied_at.astimezone(MARKET_ZONE)
    values = (number, item.application_id, item.candidate, str(item.status), there.isoformat(sep=" ", timespec="minutes"), file, note)
    return dict(zip(COLUMNS, values, strict=True))


def manifest(lines: Iterable[dict[str, Any]], *, title: str, made_at: datetime) -> bytes:
    """All lines as CSV; UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, _inert(f"{title}, {made_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M}")])
    writer.writerows([_inert(one[column]) for column in COLUMNS] for one in lines)
    return out.getvalue().encode("utf-8-sig")


def _inert(value: Any) -> Any:
    """A cell as it is read: no formula, and nothing that turns the cells after it round."""
    if not isinstance(value, str):
        return value
    text = without_bidi_controls(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
