"""Walks the sections of a résumé as it came, whatever its values are, and remembers the first cap that is passed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from app.core.printing.text import one_line
from app.resumes.rendering.labels import Labels, labels_for
from app.resumes.rendering.limits import ROWS
from app.resumes.rendering.text import PROSE_LIMIT, Block, blocks

Row = Mapping[str, Any]
T = TypeVar("T")

# What is written in the person's own language; names of people, firms and places do not count.
_TELLING = {
    "experience": ("position", "description"),
    "education": ("degree", "field_of_study"),
    "projects": ("description",),
    "volunteer": ("position", "description"),
}


class Reader:
    """One résumé. `fault` is the sentence that says which cap it passes, or None."""

    def __init__(self, resume: Row) -> None:
        self.resume = resume
        self.fault: str | None = None
        self.labels = self._labels()

    def rows(self, section: str) -> Iterator[Row]:
        """The rows of a section, at most as many as may be printed; a plain value counts as a row of its `name`."""
        value = self.resume.get(section)
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes, bytearray)):
            return
        if len(value) > ROWS[section]:
            self.fault = self.fault or f"There are {len(value):,} entries under “{section}”; a résumé can print {ROWS[section]}."
        for row in islice(value, ROWS[section]):
            yield row if isinstance(row, Mapping) else {"name": row}

    def each(self, section: str, read: Callable[["Reader", Row], T | None]) -> tuple[T, ...]:
        """What `read` makes of each row of a section, without the rows that print nothing."""
        return tuple(item for item in (read(self, row) for row in self.rows(section)) if item is not None)

    def prose(self, row: Row, key: str) -> tuple[Block, ...]:
        """Free text as blocks."""
        value = row.get(key)
        if isinstance(value, str) and len(value) > PROSE_LIMIT:
            self.fault = self.fault or f"The text under “{key}” has {len(value):,} characters; a résumé can print {PROSE_LIMIT:,} in one text."
        return blocks(value)

    def _labels(self) -> Labels:
        texts = [one_line(self.resume.get("title")), one_line(self.resume.get("summary"), PROSE_LIMIT)]
        for section, keys in _TELLING.items():
            texts += [one_line(row.get(key), 2_000) for row in self.rows(section) for key in keys]
        return labels_for(one_line(self.resume.get("lang"), 8), texts)


def first(row: Row, *keys: str) -> str:
    """The first of these fields that says something, on one line."""
    return next((text for text in (one_line(row.get(key)) for key in keys) if text), "")


def joined(*parts: str, by: str = " · ") -> str:
    """The parts that are not empty."""
    return by.join(part for part in parts if part)


def listed(value: Any, limit: int) -> str:
    """A text, or a list of texts of at most `limit` characters each, on one line."""
    items = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)) else [value]
    return joined(*(one_line(item, limit) for item in islice(items, ROWS["technologies"])), by=", ")
